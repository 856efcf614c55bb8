namespace HaloLab.Statistics;

/// <summary>How unequally an amount is spread over its holders (Gini 1912): 0 where all have the same, (n − 1)/n where one of n has everything.</summary>
public static class GiniCoefficient
{
    /// <summary>Half the mean absolute difference of two holders, over the mean.</summary>
    /// <param name="amounts">At least 0 each.</param>
    /// <returns>NaN where there is no holder, or nothing to hold.</returns>
    public static double Of(ReadOnlySpan<double> amounts)
    {
        double[] sorted = amounts.ToArray();
        Array.Sort(sorted);
        double sum = 0.0;
        double ranked = 0.0;
        for (int i = 0; i < sorted.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(sorted[i], nameof(amounts));
            sum += sorted[i];
            ranked += ((2.0 * i) + 1.0 - sorted.Length) * sorted[i];
        }

        return sum > 0.0 ? ranked / (sorted.Length * sum) : double.NaN;
    }
}
