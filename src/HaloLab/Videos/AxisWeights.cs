using static TorchSharp.torch;

namespace HaloLab.Videos;

/// <summary>One matrix per axis, and their product applied to the last three axes of a tensor.</summary>
internal static class AxisWeights
{
    /// <summary>
    /// Area weights [target cells, source cells]: the overlap of source cell i with target interval k, divided by the length of that
    /// interval. Every row sums to 1.
    /// </summary>
    /// <param name="sourceEdges">Rising; a source cell of length 0 gets no weight.</param>
    /// <param name="targetEdges">Strictly rising, over the same range.</param>
    public static double[,] Overlap(ReadOnlySpan<double> sourceEdges, ReadOnlySpan<double> targetEdges)
    {
        double[,] weights = new double[targetEdges.Length - 1, sourceEdges.Length - 1];
        for (int k = 0; k < weights.GetLength(0); k++)
        {
            double start = targetEdges[k];
            double end = targetEdges[k + 1];
            if (!(end > start))
            {
                throw new ArgumentException($"Target interval {k} is empty ({start} .. {end}).", nameof(targetEdges));
            }

            for (int i = 0; i < weights.GetLength(1); i++)
            {
                double overlap = Math.Min(end, sourceEdges[i + 1]) - Math.Max(start, sourceEdges[i]);
                weights[k, i] = Math.Max(0, overlap) / (end - start);
            }
        }

        return weights;
    }

    /// <summary>[cells, elements]: 1 where the element lies in the cell.</summary>
    public static double[,] Membership(int[] boundaries)
    {
        double[,] membership = new double[boundaries.Length - 1, boundaries[^1]];
        for (int cell = 0; cell < membership.GetLength(0); cell++)
        {
            for (int element = boundaries[cell]; element < boundaries[cell + 1]; element++)
            {
                membership[cell, element] = 1;
            }
        }

        return membership;
    }

    /// <summary>[…, T, H, W] → […, t, h, w] by the matrices [t, T], [h, H], [w, W], in the tensor's own type and on its device.</summary>
    public static Tensor Apply(Tensor map_xTHW, double[,] time, double[,] height, double[,] width)
    {
        long[] shape = map_xTHW.shape;
        if (shape.Length < 3 || shape[^3] != time.GetLength(1) || shape[^2] != height.GetLength(1) || shape[^1] != width.GetLength(1))
        {
            throw new ArgumentException(
                $"Expected a tensor of shape [..., {time.GetLength(1)}, {height.GetLength(1)}, {width.GetLength(1)}], got [{string.Join(", ", shape)}].", nameof(map_xTHW));
        }

        using var scope = NewDisposeScope();
        Tensor columns_xTHw = map_xTHW.matmul(Like(map_xTHW, width).t());
        Tensor rows_xThw = Like(map_xTHW, height).matmul(columns_xTHw);
        Tensor frames_xtN = Like(map_xTHW, time).matmul(rows_xThw.flatten(-2));
        return frames_xtN.reshape([.. shape[..^3], time.GetLength(0), height.GetLength(0), width.GetLength(0)]).MoveToOuterDisposeScope();
    }

    private static Tensor Like(Tensor map, double[,] weights) => tensor(weights, dtype: map.dtype, device: map.device);
}
