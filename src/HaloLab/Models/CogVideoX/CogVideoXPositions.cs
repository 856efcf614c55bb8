using HaloLab.Models.Layers;
using static TorchSharp.torch;

namespace HaloLab.Models.CogVideoX;

/// <summary>Where the video's tokens stand: a table that is added to them (2B), or angles by which queries and keys are turned (5B).</summary>
internal static class CogVideoXPositions
{
    private const double Base = 10000;

    /// <summary>Sinusoids of frame, column and row, a quarter and twice three eighths of the width; in each sines first. [1, S, D], float32.</summary>
    public static Tensor Table(CogVideoXConfig config, long frames, long rows, long columns, Device device)
    {
        using var scope = NewDisposeScope();
        int spaceDim = config.Width / 8 * 3;
        Tensor time = Sinusoids(frames, config.TemporalInterpolationScale, config.Width / 4).view(frames, 1, 1, -1).expand(frames, rows, columns, -1);
        Tensor width = Sinusoids(columns, config.SpatialInterpolationScale, spaceDim).view(1, 1, columns, -1).expand(frames, rows, columns, -1);
        Tensor height = Sinusoids(rows, config.SpatialInterpolationScale, spaceDim).view(1, rows, 1, -1).expand(frames, rows, columns, -1);
        Tensor table_FHWD = cat([time, width, height], dim: -1);
        return table_FHWD.reshape(1, frames * rows * columns, config.Width).to(ScalarType.Float32).to(device).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Rotary tables (<see cref="RotaryPairs.Tables"/>). Rows and columns of another grid than the trained one are spread over a centred part of it
    /// that has their proportions, so positions need not be whole.
    /// </summary>
    public static (Tensor Cos, Tensor Sin) Rotary(CogVideoXConfig config, long frames, long rows, long columns, Device device)
    {
        using var scope = NewDisposeScope();
        int spaceDim = config.AttentionHeadDim / 8 * 3;
        ((double top, double height), (double left, double width)) = Region(config, rows, columns);
        (Tensor cos, Tensor sin) = RotaryPairs.Tables(
            RotaryPairs.Angles(arange(frames, dtype: ScalarType.Float64), config.AttentionHeadDim / 4),
            RotaryPairs.Angles(Spread(top, height, rows), spaceDim),
            RotaryPairs.Angles(Spread(left, width, columns), spaceDim),
            device);
        return (cos.MoveToOuterDisposeScope(), sin.MoveToOuterDisposeScope());
    }

    /// <summary>Start and length of the trained grid's part that a grid of this size is spread over. Halves are rounded to even, as Python does.</summary>
    internal static ((double Start, double Length) Rows, (double Start, double Length) Columns) Region(CogVideoXConfig config, long rows, long columns)
    {
        double trainedRows = config.SampleHeight / config.PatchSize;
        double trainedColumns = config.SampleWidth / config.PatchSize;
        bool isTall = (double)rows / columns > trainedRows / trainedColumns;
        double height = isTall ? trainedRows : Math.Round(trainedColumns / columns * rows);
        double width = isTall ? Math.Round(trainedRows / rows * columns) : trainedColumns;
        return ((Math.Round((trainedRows - height) / 2), height), (Math.Round((trainedColumns - width) / 2), width));
    }

    /// <summary>From start to (start + length) (n − 1) / n, which is the library's definition: the last step is missing, measured from 0 and not from start.</summary>
    private static Tensor Spread(double start, double length, long count) => linspace(start, (start + length) * (count - 1) / count, count, dtype: ScalarType.Float64);

    private static Tensor Sinusoids(long positions, double scale, int width)
    {
        Tensor frequencies = pow(Base, arange(width / 2, dtype: ScalarType.Float64) / (-width / 2.0));
        Tensor angles = outer(arange(positions, dtype: ScalarType.Float64) / scale, frequencies);
        return cat([angles.sin(), angles.cos()], dim: 1);
    }
}
