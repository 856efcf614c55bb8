namespace HaloLab.Statistics;

/// <summary>
/// P-values adjusted for a family of tests, in the order given: reject where adjusted ≤ α. An undefined (NaN) p-value stays NaN but counts
/// as a member of the family with p = 1, so that a comparison that failed does not make the others easier to show.
/// </summary>
public static class MultipleComparisons
{
    /// <summary>Holm's step-down method: family-wise error, no assumption on dependence.</summary>
    public static double[] Holm(ReadOnlySpan<double> pValues)
    {
        int count = pValues.Length;
        return Adjust(pValues, fromSmallest: true, rank => count - rank + 1.0);
    }

    /// <summary>Bonferroni: family-wise error.</summary>
    public static double[] Bonferroni(ReadOnlySpan<double> pValues)
    {
        int count = pValues.Length;
        return Adjust(pValues, fromSmallest: true, _ => count);
    }

    /// <summary>Benjamini and Hochberg 1995: false discovery rate of independent or positively dependent tests.</summary>
    public static double[] BenjaminiHochberg(ReadOnlySpan<double> pValues)
    {
        double count = pValues.Length;
        return Adjust(pValues, fromSmallest: false, rank => count / rank);
    }

    /// <summary>Benjamini and Yekutieli 2001: false discovery rate under any dependence.</summary>
    public static double[] BenjaminiYekutieli(ReadOnlySpan<double> pValues)
    {
        double count = pValues.Length;
        double harmonic = Enumerable.Range(1, pValues.Length).Sum(rank => 1.0 / rank);
        return Adjust(pValues, fromSmallest: false, rank => count * harmonic / rank);
    }

    /// <summary>Multiplies the p-value of every rank by its factor and keeps the order of the p-values.</summary>
    private static double[] Adjust(ReadOnlySpan<double> pValues, bool fromSmallest, Func<int, double> factor)
    {
        double[] sorted = pValues.ToArray();
        for (int i = 0; i < sorted.Length; i++)
        {
            if (double.IsNaN(sorted[i]))
            {
                sorted[i] = 1.0;
            }
            else if (sorted[i] is < 0.0 or > 1.0)
            {
                throw new ArgumentException($"p-value {i} is {sorted[i]}, outside [0, 1].", nameof(pValues));
            }
        }

        int[] order = [.. Enumerable.Range(0, sorted.Length)];
        Array.Sort(sorted, order);
        double[] adjusted = new double[sorted.Length];
        double bound = fromSmallest ? 0.0 : 1.0;
        for (int step = 0; step < sorted.Length; step++)
        {
            int i = fromSmallest ? step : sorted.Length - 1 - step;
            double value = Math.Min(1.0, sorted[i] * factor(i + 1));
            bound = fromSmallest ? Math.Max(bound, value) : Math.Min(bound, value);
            adjusted[order[i]] = double.IsNaN(pValues[order[i]]) ? double.NaN : bound;
        }

        return adjusted;
    }
}
