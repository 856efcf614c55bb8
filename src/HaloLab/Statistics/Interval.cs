namespace HaloLab.Statistics;

/// <summary>An estimate with a two-sided interval (DESIGN D7).</summary>
/// <param name="Estimate">The point estimate; it need not lie in the middle, nor, for bootstrap intervals, within.</param>
/// <param name="Low">Lower bound; NaN where the interval is undefined.</param>
/// <param name="High">Upper bound; NaN where the interval is undefined.</param>
/// <param name="Level">Confidence level in (0, 1): 0.95 leaves 2.5 % on either side.</param>
public readonly record struct Interval(double Estimate, double Low, double High, double Level)
{
    /// <summary>Whether both bounds are numbers (they may be infinite).</summary>
    public bool IsDefined => !double.IsNaN(Low) && !double.IsNaN(High);

    /// <summary>An estimate whose interval cannot be computed.</summary>
    public static Interval Undefined(double level, double estimate = double.NaN) => new(estimate, double.NaN, double.NaN, level);

    /// <summary>
    /// Student's t interval of a mean: the interval of a claim about a method, when <paramref name="values"/> are the per-seed differences
    /// between two arms (DESIGN D7).
    /// </summary>
    /// <param name="values">Independent values; fewer than two give an undefined interval.</param>
    /// <param name="level">Confidence level in (0, 1).</param>
    public static Interval OfMean(ReadOnlySpan<double> values, double level = 0.95)
    {
        double mean = Moments.Mean(values);
        double margin = Distributions.StudentTwoSidedQuantile(level, values.Length - 1) * Moments.StandardError(values);
        return new Interval(mean, mean - margin, mean + margin, level);
    }

    /// <summary>Student's t interval of the mean of <c>first[i] − second[i]</c>.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static Interval OfPairedDifference(ReadOnlySpan<double> first, ReadOnlySpan<double> second, double level = 0.95) =>
        OfMean(Moments.Differences(first, second), level);
}
