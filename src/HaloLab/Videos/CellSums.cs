using static TorchSharp.torch;

namespace HaloLab.Videos;

/// <summary>
/// Sums, counts and means of latent elements per cell of a patch grid (DESIGN D1, D2). Cells are those of
/// <see cref="PatchGrid.Boundaries"/>: a partition, so the sums over all cells are the sum over all elements.
/// </summary>
/// <remarks>Three products with small 0/1 matrices: no loop over cells, no host synchronisation, differentiable.</remarks>
public sealed class CellSums
{
    private readonly double[,] _time;
    private readonly double[,] _height;
    private readonly double[,] _width;
    private readonly double[,,] _elements_thw;

    /// <param name="grid">The cells.</param>
    /// <param name="frames">Latent frames T.</param>
    /// <param name="height">Latent rows H.</param>
    /// <param name="width">Latent columns W.</param>
    /// <exception cref="InputException">The grid is finer than the latent on some axis.</exception>
    public CellSums(PatchGrid grid, int frames, int height, int width)
    {
        int[] time = PatchGrid.Boundaries(frames, grid.Time);
        int[] rows = PatchGrid.Boundaries(height, grid.Height);
        int[] columns = PatchGrid.Boundaries(width, grid.Width);
        Grid = grid;
        _time = AxisWeights.Membership(time);
        _height = AxisWeights.Membership(rows);
        _width = AxisWeights.Membership(columns);
        _elements_thw = new double[grid.Time, grid.Height, grid.Width];
        for (int index = 0; index < grid.Count; index++)
        {
            (int t, int h, int w) = grid.Cell(index);
            _elements_thw[t, h, w] = (double)(time[t + 1] - time[t]) * (rows[h + 1] - rows[h]) * (columns[w + 1] - columns[w]);
        }
    }

    public PatchGrid Grid { get; }

    /// <summary>
    /// [B, C, T, H, W] → [B, t, h, w]: the sum over C and the cell, in the tensor's own type (give float32, D2). It is added up in float64, so
    /// that no processor's order of adding shows in β·Δ.
    /// </summary>
    public Tensor Sums(Tensor values_BCTHW)
    {
        ArgumentNullException.ThrowIfNull(values_BCTHW);
        if (values_BCTHW.dim() != 5)
        {
            throw new ArgumentException($"Expected [B, C, T, H, W], got [{string.Join(", ", values_BCTHW.shape)}].", nameof(values_BCTHW));
        }

        using var scope = NewDisposeScope();
        Tensor sums_Bthw = AxisWeights.Apply(values_BCTHW.sum(1, type: ScalarType.Float64), _time, _height, _width);
        return sums_Bthw.to(values_BCTHW.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>[t, h, w]: how many elements each sum of <see cref="Sums"/> runs over, channels included.</summary>
    public Tensor Counts(long channels, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        using var scope = NewDisposeScope();
        return tensor(_elements_thw, dtype: dtype, device: device).mul(channels).MoveToOuterDisposeScope();
    }

    /// <summary>[B, C, T, H, W] → [B, t, h, w]: the mean over C and the cell; the same numbers as sums / counts.</summary>
    public Tensor Means(Tensor values_BCTHW)
    {
        using var scope = NewDisposeScope();
        Tensor sums_Bthw = Sums(values_BCTHW);
        return sums_Bthw.div(Counts(values_BCTHW.shape[1], values_BCTHW.dtype, values_BCTHW.device)).MoveToOuterDisposeScope();
    }
}
