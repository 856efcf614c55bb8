namespace HaloLab.Statistics;

/// <summary>Effect sizes of two samples, positive where the first is greater. Too few values or no spread give NaN (or ±∞ for no spread with a difference).</summary>
public static class EffectSize
{
    /// <summary>Cohen's d: mean difference over the pooled standard deviation.</summary>
    public static double CohenD(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        double freedom1 = first.Length - 1.0;
        double freedom2 = second.Length - 1.0;
        double pooled = ((freedom1 * Moments.Variance(first)) + (freedom2 * Moments.Variance(second))) / (freedom1 + freedom2);
        return (Moments.Mean(first) - Moments.Mean(second)) / Math.Sqrt(pooled);
    }

    /// <summary>Mean difference over the root of the mean of both variances.</summary>
    public static double CohenDAverage(ReadOnlySpan<double> first, ReadOnlySpan<double> second) =>
        (Moments.Mean(first) - Moments.Mean(second)) / Math.Sqrt((Moments.Variance(first) + Moments.Variance(second)) / 2.0);

    /// <summary>Cohen's d_z of paired samples: mean difference over the standard deviation of the differences.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double CohenDz(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        double[] differences = Moments.Differences(first, second);
        return Moments.Mean(differences) / Moments.StandardDeviation(differences);
    }

    /// <summary>Hedges' g: Cohen's d times 1 − 3/(4(n₁ + n₂ − 2) − 1), which removes most of its small-sample bias.</summary>
    public static double HedgesG(ReadOnlySpan<double> first, ReadOnlySpan<double> second) =>
        CohenD(first, second) * (1.0 - (3.0 / ((4.0 * (first.Length + second.Length - 2)) - 1.0)));

    /// <summary>Cliff's δ in [−1, 1]: share of pairs (one of each sample) that the first wins minus the share that it loses.</summary>
    public static double CliffDelta(ReadOnlySpan<double> first, ReadOnlySpan<double> second) => (2.0 * CommonLanguage(first, second)) - 1.0;

    /// <summary>Common-language effect size in [0, 1]: probability that a value of the first sample beats one of the second, ties half.</summary>
    public static double CommonLanguage(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        double wins = Ranks.Average([.. first, .. second])[..first.Length].Sum() - (first.Length * (first.Length + 1.0) / 2.0);
        return wins / ((double)first.Length * second.Length);
    }
}
