namespace HaloLab.Statistics;

/// <summary>Student's and Welch's t tests. Samples of fewer than two values give NaN.</summary>
public static class TTest
{
    /// <summary>Tests whether values have mean zero.</summary>
    public static TTestResult OneSample(ReadOnlySpan<double> values, double level = 0.95, Alternative alternative = Alternative.TwoSided) =>
        Result(Moments.Mean(values), Moments.StandardError(values), values.Length - 1.0, level, alternative);

    /// <summary>Tests whether <c>first[i] − second[i]</c> has mean zero.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static TTestResult Paired(
        ReadOnlySpan<double> first, ReadOnlySpan<double> second, double level = 0.95, Alternative alternative = Alternative.TwoSided) =>
        OneSample(Moments.Differences(first, second), level, alternative);

    /// <summary>Compares the means of independent samples of unequal variance (Welch 1947).</summary>
    public static TTestResult Welch(
        ReadOnlySpan<double> first, ReadOnlySpan<double> second, double level = 0.95, Alternative alternative = Alternative.TwoSided)
    {
        double v1 = Moments.Variance(first) / first.Length;
        double v2 = Moments.Variance(second) / second.Length;
        double degrees = (v1 + v2) * (v1 + v2) / ((v1 * v1 / (first.Length - 1.0)) + (v2 * v2 / (second.Length - 1.0)));
        return Result(Moments.Mean(first) - Moments.Mean(second), Math.Sqrt(v1 + v2), degrees, level, alternative);
    }

    private static TTestResult Result(double difference, double standardError, double degrees, double level, Alternative alternative)
    {
        double t = difference / standardError;
        double margin = Distributions.StudentTwoSidedQuantile(level, degrees) * standardError;
        Interval interval = new(difference, difference - margin, difference + margin, level);
        return new TTestResult(t, degrees, Distributions.StudentPValue(t, degrees, alternative), interval);
    }
}
