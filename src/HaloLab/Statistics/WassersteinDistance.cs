namespace HaloLab.Statistics;

/// <summary>How far one sample must be moved to become another, each value along the line.</summary>
public static class WassersteinDistance
{
    /// <summary>
    /// The first Wasserstein distance of two empirical distributions, ∫ |F(x) − G(x)| dx, in the unit of the values. The samples may differ in size; an empty one,
    /// or a value that is not finite, gives NaN.
    /// </summary>
    public static double First(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        if (first.IsEmpty || second.IsEmpty || !Moments.AllFinite(first) || !Moments.AllFinite(second))
        {
            return double.NaN;
        }

        double[] x = [.. first];
        double[] y = [.. second];
        Array.Sort(x);
        Array.Sort(y);
        double distance = 0;
        double at = Math.Min(x[0], y[0]);
        int i = 0;
        int j = 0;
        while (i < x.Length || j < y.Length)
        {
            double next = i == x.Length ? y[j] : j == y.Length ? x[i] : Math.Min(x[i], y[j]);
            distance += (next - at) * Math.Abs(((double)i / x.Length) - ((double)j / y.Length));
            at = next;
            while (i < x.Length && x[i] == at)
            {
                i++;
            }

            while (j < y.Length && y[j] == at)
            {
                j++;
            }
        }

        return distance;
    }

    /// <summary>The same of samples brought to mean 0 and deviation 1 each: how their shapes differ. NaN where one is constant.</summary>
    public static double FirstOfStandardised(ReadOnlySpan<double> first, ReadOnlySpan<double> second) => First(Standardised(first), Standardised(second));

    private static double[] Standardised(ReadOnlySpan<double> values)
    {
        double mean = Moments.Mean(values);
        double deviation = Moments.StandardDeviation(values, 0);
        double[] standardised = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            standardised[i] = deviation > 0 ? (values[i] - mean) / deviation : double.NaN;
        }

        return standardised;
    }
}
