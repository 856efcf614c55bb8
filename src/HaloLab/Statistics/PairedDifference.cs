namespace HaloLab.Statistics;

/// <summary>The mean of paired differences of independent units, as of two models on the same prompts (DESIGN D7).</summary>
/// <param name="Mean">The mean with its 95 % BCa interval over units; undefined with fewer than two.</param>
/// <param name="PValue">Two-sided sign-flip test, not corrected; NaN with fewer than two.</param>
/// <param name="Count">Number of units.</param>
public readonly record struct PairedDifference(Interval Mean, double PValue, int Count)
{
    private const double Level = 0.95;

    /// <summary>Estimates the mean and tests whether it is 0.</summary>
    /// <param name="differences">One for each unit, finite.</param>
    /// <param name="draws">Draws the units again.</param>
    /// <param name="signs">Draws signs where there are too many units for all of them.</param>
    public static PairedDifference Of(double[] differences, RandomStream draws, RandomStream signs)
    {
        ArgumentNullException.ThrowIfNull(differences);
        return differences.Length < 2
            ? new(Interval.Undefined(Level, Moments.Mean(differences)), double.NaN, differences.Length)
            : new(IntervalOfMean(differences, draws), PairedPermutation.Test(differences, new double[differences.Length], signs).PValue, differences.Length);
    }

    /// <summary>BCa interval of a mean; where all units agree to the last bit there is nothing to resample, and the interval is the value.</summary>
    public static Interval IntervalOfMean(double[] values, RandomStream draws) => Moments.IsConstant(values)
        ? new Interval(values[0], values[0], values[0], Level)
        : Bootstrap.Run(values, sample => sample.Average(), draws).Bca;
}
