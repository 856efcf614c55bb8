namespace HaloLab.Evaluation;

/// <summary>Likeness of two pictures, value by value and window by window.</summary>
public static class PictureSimilarity
{
    private const int UniformWindow = 7;
    private const double GaussianDeviation = 1.5;
    private const double GaussianReach = 3.5;
    private const double LuminanceConstant = 0.01;
    private const double ContrastConstant = 0.03;

    /// <summary>Peak signal-to-noise ratio in decibels; infinite for equal pictures.</summary>
    /// <param name="a">Values of one picture.</param>
    /// <param name="b">Values of the other.</param>
    /// <param name="range">Largest possible difference: 255 for bytes.</param>
    public static double Psnr(double[] a, double[] b, double range)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, a.Length);
        return 10 * Math.Log10(range * range / a.Zip(b, (x, y) => (x - y) * (x - y)).Average());
    }

    /// <summary>The same of bytes, summed in whole numbers.</summary>
    public static double Psnr(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, a.Length);
        long squares = 0;
        for (int i = 0; i < a.Length; i++)
        {
            int difference = a[i] - b[i];
            squares += difference * difference;
        }

        return 10 * Math.Log10((double)byte.MaxValue * byte.MaxValue * a.Length / squares);
    }

    /// <summary>
    /// Structural similarity (Wang et al. 2004), mean over the windows that lie wholly inside, as scikit-image has it: windows of 7×7 with the
    /// sample covariance, or Gaussian ones of deviation 1.5 and 11×11 pixels with the population's.
    /// </summary>
    /// <param name="a">One channel of a picture, [height, width].</param>
    /// <param name="b">The same of the other.</param>
    /// <param name="range">Largest possible difference: 255 for bytes.</param>
    /// <param name="gaussian">Which windows.</param>
    public static double Ssim(double[,] a, double[,] b, double range, bool gaussian = false)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        double[] window = gaussian ? Gaussian() : [.. Enumerable.Repeat(1.0 / UniformWindow, UniformWindow)];
        if (a.GetLength(0) < window.Length || a.GetLength(1) < window.Length || a.GetLength(0) != b.GetLength(0) || a.GetLength(1) != b.GetLength(1))
        {
            throw new InputException($"Structural similarity needs two pictures of one size from {window.Length}x{window.Length} pixels on; these have {a.GetLength(1)}x{a.GetLength(0)} and {b.GetLength(1)}x{b.GetLength(0)}.");
        }

        double values = UniformWindow * UniformWindow;
        double correction = gaussian ? 1 : values / (values - 1);
        double c1 = Math.Pow(LuminanceConstant * range, 2);
        double c2 = Math.Pow(ContrastConstant * range, 2);
        double[,] Mean(Func<int, int, double> value) => Filter(a.GetLength(0), a.GetLength(1), value, window);
        double[,] meanA = Mean((y, x) => a[y, x]);
        double[,] meanB = Mean((y, x) => b[y, x]);
        double[,] squareA = Mean((y, x) => a[y, x] * a[y, x]);
        double[,] squareB = Mean((y, x) => b[y, x] * b[y, x]);
        double[,] product = Mean((y, x) => a[y, x] * b[y, x]);
        double sum = 0;
        for (int y = 0; y < meanA.GetLength(0); y++)
        {
            for (int x = 0; x < meanA.GetLength(1); x++)
            {
                (double ma, double mb) = (meanA[y, x], meanB[y, x]);
                double varianceA = correction * (squareA[y, x] - (ma * ma));
                double varianceB = correction * (squareB[y, x] - (mb * mb));
                double covariance = correction * (product[y, x] - (ma * mb));
                sum += ((2 * ma * mb) + c1) * ((2 * covariance) + c2) / (((ma * ma) + (mb * mb) + c1) * (varianceA + varianceB + c2));
            }
        }

        return sum / meanA.Length;
    }

    private static double[] Gaussian()
    {
        int reach = (int)((GaussianReach * GaussianDeviation) + 0.5);
        double[] window = [.. Enumerable.Range(-reach, (2 * reach) + 1).Select(i => Math.Exp(-i * i / (2 * GaussianDeviation * GaussianDeviation)))];
        double sum = window.Sum();
        return [.. window.Select(weight => weight / sum)];
    }

    /// <summary>Weighted means over all windows inside, columns first.</summary>
    private static double[,] Filter(int height, int width, Func<int, int, double> value, double[] window)
    {
        double[,] columns = new double[height - window.Length + 1, width];
        for (int y = 0; y < columns.GetLength(0); y++)
        {
            for (int x = 0; x < width; x++)
            {
                for (int i = 0; i < window.Length; i++)
                {
                    columns[y, x] += window[i] * value(y + i, x);
                }
            }
        }

        double[,] filtered = new double[columns.GetLength(0), width - window.Length + 1];
        for (int y = 0; y < filtered.GetLength(0); y++)
        {
            for (int x = 0; x < filtered.GetLength(1); x++)
            {
                for (int i = 0; i < window.Length; i++)
                {
                    filtered[y, x] += window[i] * columns[y, x + i];
                }
            }
        }

        return filtered;
    }
}
