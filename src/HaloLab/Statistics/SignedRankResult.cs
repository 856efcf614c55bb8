namespace HaloLab.Statistics;

/// <summary>What Wilcoxon's signed-rank test says.</summary>
/// <param name="PositiveRankSum">Sum of the ranks of positive differences.</param>
/// <param name="NegativeRankSum">Sum of the ranks of negative differences.</param>
/// <param name="Z">The positive rank sum standardised by its null mean and tie-corrected deviation, after the continuity correction where asked.</param>
/// <param name="PValue">NaN where every difference is zero or one is not finite.</param>
/// <param name="Count">Number of differences ranked.</param>
public readonly record struct SignedRankResult(double PositiveRankSum, double NegativeRankSum, double Z, double PValue, int Count)
{
    /// <summary>The smaller rank sum.</summary>
    public double Statistic => Math.Min(PositiveRankSum, NegativeRankSum);
}
