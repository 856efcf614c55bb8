namespace HaloLab.Statistics;

/// <summary>The exact sign test: how often does the first of a pair win?</summary>
public static class SignTest
{
    /// <summary>Tests paired samples; tied pairs are dropped. The statistic is the number of pairs that the first sample wins.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static SignificanceResult Test(ReadOnlySpan<double> first, ReadOnlySpan<double> second, Alternative alternative = Alternative.TwoSided)
    {
        double[] differences = Moments.Differences(first, second);
        return differences.Any(double.IsNaN)
            ? new SignificanceResult(double.NaN, double.NaN, differences.Length)
            : Test(differences.Count(difference => difference > 0.0), differences.Count(difference => difference < 0.0), alternative);
    }

    /// <summary>Tests counts of wins and losses against a fair coin; the p-value is NaN where there is neither.</summary>
    public static SignificanceResult Test(int wins, int losses, Alternative alternative = Alternative.TwoSided)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(wins);
        ArgumentOutOfRangeException.ThrowIfNegative(losses);
        int count = wins + losses;
        double pValue = count == 0
            ? double.NaN
            : Distributions.DiscretePValue(Distributions.FairCoinsAtMost(wins, count), Distributions.FairCoinsAtMost(losses, count), alternative);
        return new SignificanceResult(wins, pValue, count);
    }
}
