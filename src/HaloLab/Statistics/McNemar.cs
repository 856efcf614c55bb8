namespace HaloLab.Statistics;

/// <summary>
/// McNemar's test of paired yes/no outcomes. Only the pairs in which exactly one arm says yes count; where there is none, the p-value is
/// NaN.
/// </summary>
public static class McNemar
{
    /// <summary>Two-sided exact test; the statistic is the smaller of the two counts.</summary>
    /// <param name="onlyFirst">Pairs in which only the first arm says yes.</param>
    /// <param name="onlySecond">Pairs in which only the second arm says yes.</param>
    public static SignificanceResult Exact(int onlyFirst, int onlySecond) =>
        SignTest.Test(onlyFirst, onlySecond) with { Statistic = Math.Min(onlyFirst, onlySecond) };

    /// <summary>χ² with one degree of freedom: (|b − c| − correction)² / (b + c).</summary>
    /// <param name="onlyFirst">b: pairs in which only the first arm says yes.</param>
    /// <param name="onlySecond">c: pairs in which only the second arm says yes.</param>
    /// <param name="continuityCorrection">Subtracts 1 (also where b = c, as statsmodels does).</param>
    public static SignificanceResult ChiSquare(int onlyFirst, int onlySecond, bool continuityCorrection = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(onlyFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(onlySecond);
        double count = onlyFirst + onlySecond;
        double statistic = Math.Pow(Math.Abs(onlyFirst - onlySecond) - (continuityCorrection ? 1.0 : 0.0), 2) / count;
        return count == 0.0
            ? new SignificanceResult(double.NaN, double.NaN, 0)
            : new SignificanceResult(statistic, Distributions.NormalPValue(Math.Sqrt(statistic), Alternative.TwoSided), (int)count);
    }
}
