using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>
/// Squared errors of a denoiser's predictions (DESIGN D2): of each clip as a whole, the mean over every non-batch element, and of each
/// cell, the mean over the channels and the cell. Cells of different size make the clip's energy differ from the mean of its cells'.
/// </summary>
/// <param name="Video_B">E, one per clip.</param>
/// <param name="Cells_Bthw">E_p, one per clip and cell.</param>
public sealed record PatchEnergies(Tensor Video_B, Tensor Cells_Bthw)
{
    /// <summary>Energies on a grid over the prediction's own lattice.</summary>
    /// <exception cref="InputException">The grid is finer than the latent.</exception>
    public static PatchEnergies Compute(Tensor prediction_BCTHW, Tensor target_BCTHW, PatchGrid grid)
    {
        ArgumentNullException.ThrowIfNull(prediction_BCTHW);
        long[] shape = prediction_BCTHW.shape;
        return shape.Length == 5
            ? Compute(prediction_BCTHW, target_BCTHW, new CellSums(grid, (int)shape[2], (int)shape[3], (int)shape[4]))
            : throw new ArgumentException($"Expected B×C×T×H×W, got [{string.Join(", ", shape)}].", nameof(prediction_BCTHW));
    }

    /// <summary>Energies in float32 (in float64 for float64 predictions), whatever narrower type the model computes in: β·Δ is useless in half precision.</summary>
    /// <param name="prediction_BCTHW">What the denoiser says.</param>
    /// <param name="target_BCTHW">What it should say; one that broadcasts is accepted.</param>
    /// <param name="cells">The cells.</param>
    public static PatchEnergies Compute(Tensor prediction_BCTHW, Tensor target_BCTHW, CellSums cells)
    {
        ArgumentNullException.ThrowIfNull(prediction_BCTHW);
        using var scope = NewDisposeScope();
        return FromSums(SquaredErrorSums(prediction_BCTHW, target_BCTHW, cells), prediction_BCTHW.shape[1], cells).MoveToOuterDisposeScope();
    }

    /// <summary>Sums of the squared errors over the channels and each cell, B × t × h × w: what a reference cache keeps.</summary>
    public static Tensor SquaredErrorSums(Tensor prediction_BCTHW, Tensor target_BCTHW, CellSums cells)
    {
        ArgumentNullException.ThrowIfNull(prediction_BCTHW);
        ArgumentNullException.ThrowIfNull(target_BCTHW);
        ArgumentNullException.ThrowIfNull(cells);
        using var scope = NewDisposeScope();
        ScalarType type = prediction_BCTHW.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        Tensor error_BCTHW = prediction_BCTHW.to(type) - target_BCTHW.to(type);
        return cells.Sums(error_BCTHW.square()).MoveToOuterDisposeScope();
    }

    /// <summary>Energies from sums of squared errors.</summary>
    /// <param name="sums_Bthw">Sums over the channels and each cell.</param>
    /// <param name="channels">C.</param>
    /// <param name="cells">The cells.</param>
    public static PatchEnergies FromSums(Tensor sums_Bthw, long channels, CellSums cells)
    {
        ArgumentNullException.ThrowIfNull(sums_Bthw);
        ArgumentNullException.ThrowIfNull(cells);
        using var scope = NewDisposeScope();
        Tensor counts_thw = cells.Counts(channels, sums_Bthw.dtype, sums_Bthw.device);
        return new PatchEnergies(sums_Bthw.sum([1, 2, 3]) / counts_thw.sum(), sums_Bthw / counts_thw).MoveToOuterDisposeScope();
    }

    /// <summary>The energies of clips <paramref name="start"/> .. <paramref name="start"/> + <paramref name="count"/> − 1.</summary>
    public PatchEnergies Rows(long start, long count) => new(Video_B.narrow(0, start, count), Cells_Bthw.narrow(0, start, count));

    internal PatchEnergies MoveToOuterDisposeScope()
    {
        Video_B.MoveToOuterDisposeScope();
        Cells_Bthw.MoveToOuterDisposeScope();
        return this;
    }
}
