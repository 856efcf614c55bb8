namespace HaloLab.Statistics;

/// <summary>Intervals of a share of successes. No trials give an undefined result.</summary>
public static class Proportion
{
    /// <summary>Wilson's score interval (1927).</summary>
    public static Interval Wilson(int successes, int trials, double level = 0.95)
    {
        RequireCounts(successes, trials);
        double share = (double)successes / trials;
        double z2 = Math.Pow(Distributions.NormalTwoSidedQuantile(level), 2);
        double centre = (share + (z2 / (2.0 * trials))) / (1.0 + (z2 / trials));
        double margin = Math.Sqrt(z2 * ((share * (1.0 - share) / trials) + (z2 / (4.0 * trials * trials)))) / (1.0 + (z2 / trials));
        return new Interval(share, successes == 0 ? Math.Min(share, 0.0) : centre - margin, successes == trials ? Math.Max(share, 1.0) : centre + margin, level);
    }

    /// <summary>The exact interval of Clopper and Pearson (1934): covers at least at its level, often more.</summary>
    public static Interval ClopperPearson(int successes, int trials, double level = 0.95)
    {
        RequireCounts(successes, trials);
        if (trials == 0)
        {
            return Interval.Undefined(level);
        }

        double tail = (1.0 - level) / 2.0;
        double low = successes == 0 ? 0.0 : Distributions.BetaQuantile(tail, successes, trials - successes + 1.0);
        double high = successes == trials ? 1.0 : Distributions.BetaQuantile(1.0 - tail, successes + 1.0, trials - successes);
        return new Interval((double)successes / trials, low, high, level);
    }

    private static void RequireCounts(int successes, int trials)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
    }
}
