using static TorchSharp.torch;

namespace HaloLab.Videos;

/// <summary>
/// Pictures to another size, as the reference implementations of published models do it: PyTorch's interpolation, with and without smoothing. One matrix
/// per axis. Pillow's, in whole numbers, is <see cref="PillowResizing"/>; for clips that are only shown or scored by the toy, see <see cref="ClipResampler"/>.
/// </summary>
public static class PictureResizing
{
    // Keys' parameter (1981): PyTorch's interpolation between four neighbours, and Pillow's, which PyTorch follows where it smooths.
    private const double SharpCubic = -0.75;
    private const double SmoothCubic = -0.5;

    /// <summary>Resizes the last two axes.</summary>
    /// <param name="pictures_NCHW">Floating-point values.</param>
    /// <param name="height">New height.</param>
    /// <param name="width">New width.</param>
    /// <param name="filter">How values are found.</param>
    /// <param name="smooths">Whether the filter widens where the picture shrinks, so that nothing is skipped (antialiasing).</param>
    public static Tensor Resize(Tensor pictures_NCHW, int height, int width, ResizeFilter filter, bool smooths)
    {
        ArgumentNullException.ThrowIfNull(pictures_NCHW);
        (int fromHeight, int fromWidth) = ((int)pictures_NCHW.shape[^2], (int)pictures_NCHW.shape[^1]);
        return Apply(pictures_NCHW, Weights(fromHeight, height, filter, smooths), Weights(fromWidth, width, filter, smooths));
    }

    /// <summary>The size whose smaller side is <paramref name="side"/>, the larger one cut to whole pixels (torchvision's rule).</summary>
    public static (int Height, int Width) SmallerSide(int height, int width, int side) =>
        height <= width ? (side, (int)((long)side * width / height)) : ((int)((long)side * height / width), side);

    /// <summary>Grey levels of 0 to 255 to (level / 255 − mean) / deviation for each channel.</summary>
    /// <param name="levels_NCHW">Grey levels.</param>
    /// <param name="mean">Of each channel, in 0 to 1.</param>
    /// <param name="deviation">Of each channel, in 0 to 1.</param>
    public static Tensor Normalise(Tensor levels_NCHW, float[] mean, float[] deviation)
    {
        using var scope = NewDisposeScope();
        return Standardise(levels_NCHW / 255, mean, deviation).MoveToOuterDisposeScope();
    }

    /// <summary>(value − mean) / deviation for each channel.</summary>
    /// <param name="values_NCHW">Values.</param>
    /// <param name="mean">Of each channel.</param>
    /// <param name="deviation">Of each channel.</param>
    public static Tensor Standardise(Tensor values_NCHW, float[] mean, float[] deviation)
    {
        using var scope = NewDisposeScope();
        Tensor PerChannel(float[] values) => tensor(values, device: values_NCHW.device).view(1, -1, 1, 1);
        return (values_NCHW - PerChannel(mean)).div(PerChannel(deviation)).MoveToOuterDisposeScope();
    }

    /// <summary>[…, H, W] → […, h, w] by the matrices [h, H], [w, W].</summary>
    internal static Tensor Apply(Tensor pictures_xHW, double[,] height, double[,] width)
    {
        using var scope = NewDisposeScope();
        Tensor Like(double[,] weights) => tensor(weights, dtype: pictures_xHW.dtype, device: pictures_xHW.device);
        return Like(height).matmul(pictures_xHW.matmul(Like(width).t())).MoveToOuterDisposeScope();
    }

    /// <summary>[to, from]: how much each old element counts for each new one; every row sums to 1.</summary>
    /// <param name="from">Old length.</param>
    /// <param name="to">New length.</param>
    /// <param name="filter">How values are found.</param>
    /// <param name="smooths">Whether the filter widens where the axis shrinks.</param>
    /// <param name="scale">Old elements per new one; by default <paramref name="from"/> / <paramref name="to"/>.</param>
    internal static double[,] Weights(int from, int to, ResizeFilter filter, bool smooths, double? scale = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(from, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(to, 1);
        double step = scale ?? (double)from / to;
        double[,] weights = new double[to, from];
        for (int i = 0; i < to; i++)
        {
            if (smooths)
            {
                Smoothed(weights, i, (i + 0.5) * step, Math.Max(1, step), filter);
            }
            else
            {
                // In float32, as PyTorch has it: 255 grey levels make its rounding visible.
                Interpolated(weights, i, ((i + 0.5f) * (float)step) - 0.5f, filter);
            }
        }

        return weights;
    }

    private static void Smoothed(double[,] weights, int row, double centre, double widening, ResizeFilter filter)
    {
        int from = weights.GetLength(1);
        double reach = (filter == ResizeFilter.Bicubic ? 2 : 1) * widening;
        int first = Math.Max(0, (int)(centre - reach + 0.5));
        int end = Math.Min(from, (int)(centre + reach + 0.5));
        double sum = 0;
        for (int j = first; j < end; j++)
        {
            sum += weights[row, j] = At((j - centre + 0.5) / widening, filter, SmoothCubic);
        }

        for (int j = first; j < end; j++)
        {
            weights[row, j] /= sum;
        }
    }

    private static void Interpolated(double[,] weights, int row, double place, ResizeFilter filter)
    {
        int last = weights.GetLength(1) - 1;

        // PyTorch's linear interpolation begins at the first pixel; its cubic one repeats the border's instead.
        double clamped = filter == ResizeFilter.Bilinear ? Math.Max(0, place) : place;
        int below = (int)Math.Floor(clamped);
        (int first, int end) = filter == ResizeFilter.Bicubic ? (below - 1, below + 2) : (below, below + 1);
        for (int j = first; j <= end; j++)
        {
            weights[row, Math.Clamp(j, 0, last)] += At(clamped - j, filter, SharpCubic);
        }
    }

    private static double At(double distance, ResizeFilter filter, double a)
    {
        double x = Math.Abs(distance);
        return filter == ResizeFilter.Bilinear ? Math.Max(0, 1 - x)
            : x <= 1 ? ((((a + 2) * x) - (a + 3)) * x * x) + 1
            : x < 2 ? ((((x - 5) * x) + 8) * x * a) - (4 * a)
            : 0;
    }
}
