using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>A patch grid laid over one latent lattice (DESIGN D1): sums values over its cells, even and uneven splits alike.</summary>
public sealed class CellPartition
{
    private readonly int[][] _boundaries;

    /// <param name="grid">Cells along time, height and width.</param>
    /// <param name="frames">Latent frames.</param>
    /// <param name="height">Latent rows.</param>
    /// <param name="width">Latent columns.</param>
    /// <exception cref="InputException">The grid is finer than the lattice.</exception>
    public CellPartition(PatchGrid grid, long frames, long height, long width)
    {
        Grid = grid;
        Lattice = [frames, height, width];
        _boundaries =
        [
            PatchGrid.Boundaries(checked((int)frames), grid.Time),
            PatchGrid.Boundaries(checked((int)height), grid.Height),
            PatchGrid.Boundaries(checked((int)width), grid.Width),
        ];
    }

    public PatchGrid Grid { get; }

    /// <summary>Latent frames, rows and columns.</summary>
    public IReadOnlyList<long> Lattice { get; }

    /// <summary>Lattice points in each cell, t × h × w; channels are not counted.</summary>
    public Tensor Counts(ScalarType type, Device? device = null)
    {
        using var scope = NewDisposeScope();
        Tensor[] lengths = [.. _boundaries.Select(boundaries => tensor(boundaries.Zip(boundaries.Skip(1), (start, end) => (double)(end - start)).ToArray()))];
        Tensor counts_thw = lengths[0].view(-1, 1, 1) * lengths[1].view(-1, 1) * lengths[2];
        return counts_thw.to(type).to(device ?? CPU).MoveToOuterDisposeScope();
    }

    /// <summary>Sums of the values in each cell.</summary>
    /// <param name="values_BTHW">Values on the lattice.</param>
    /// <returns>B × t × h × w.</returns>
    public Tensor Sum(Tensor values_BTHW)
    {
        ArgumentNullException.ThrowIfNull(values_BTHW);
        long[] shape = values_BTHW.shape;
        if (shape.Length != 4 || !shape.AsSpan(1).SequenceEqual([.. Lattice]))
        {
            throw new ArgumentException($"Expected values on a lattice of {string.Join('×', Lattice)}, got [{string.Join(", ", shape)}].", nameof(values_BTHW));
        }

        using var scope = NewDisposeScope();
        long[] cells = [Grid.Time, Grid.Height, Grid.Width];
        Tensor sums;
        if (cells.Zip(Lattice, (count, length) => length % count == 0).All(even => even))
        {
            long[] split = [shape[0], cells[0], shape[1] / cells[0], cells[1], shape[2] / cells[1], cells[2], shape[3] / cells[2]];
            sums = values_BTHW.reshape(split).sum([2, 4, 6]);
        }
        else
        {
            // One small membership matrix (cells × elements, 0 or 1) per axis.
            Tensor[] members = [.. _boundaries.Select(boundaries => Membership(boundaries, values_BTHW))];
            Tensor sums_BTHw = values_BTHW.matmul(members[2].t());
            Tensor sums_BThw = members[1].matmul(sums_BTHw);
            sums = members[0].matmul(sums_BThw.flatten(2)).view(shape[0], cells[0], cells[1], cells[2]);
        }

        return sums.MoveToOuterDisposeScope();
    }

    /// <summary>Whether every boundary of this partition is also one of <paramref name="finer"/>, so that its cells are unions of the finer ones.</summary>
    public bool NestsIn(CellPartition finer)
    {
        ArgumentNullException.ThrowIfNull(finer);
        return Lattice.SequenceEqual(finer.Lattice)
            && _boundaries.Zip(finer._boundaries, (own, other) => own.All(boundary => Array.BinarySearch(other, boundary) >= 0)).All(nested => nested);
    }

    /// <summary>Sums over this partition's cells of sums over the cells of <paramref name="finer"/>.</summary>
    /// <exception cref="InputException">The boundaries do not nest.</exception>
    public Tensor SumOfCells(Tensor sums_Bthw, CellPartition finer)
    {
        ArgumentNullException.ThrowIfNull(sums_Bthw);
        ArgumentNullException.ThrowIfNull(finer);
        if (!NestsIn(finer))
        {
            throw new InputException($"Grid {Grid} does not nest in grid {finer.Grid} on a lattice of {string.Join('×', Lattice)}: energies kept for {finer.Grid} cannot serve it. "
                + $"Compute them again for {Grid} or for a grid whose boundaries include both.");
        }

        using var scope = NewDisposeScope();
        Tensor[] members =
        [
            .. _boundaries.Zip(finer._boundaries, (own, other) => Membership([.. own.Select(boundary => Array.BinarySearch(other, boundary))], sums_Bthw)),
        ];
        Tensor sums_BThw = members[1].matmul(sums_Bthw.matmul(members[2].t()));
        return members[0].matmul(sums_BThw.flatten(2)).view(-1, Grid.Time, Grid.Height, Grid.Width).MoveToOuterDisposeScope();
    }

    private static Tensor Membership(int[] boundaries, Tensor like)
    {
        int elements = boundaries[^1];
        float[] values = new float[(boundaries.Length - 1) * elements];
        for (int cell = 0; cell < boundaries.Length - 1; cell++)
        {
            values.AsSpan((cell * elements) + boundaries[cell], boundaries[cell + 1] - boundaries[cell]).Fill(1);
        }

        return tensor(values, [boundaries.Length - 1, elements]).to(like.dtype).to(like.device);
    }
}
