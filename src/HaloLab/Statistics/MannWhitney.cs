namespace HaloLab.Statistics;

/// <summary>The Mann-Whitney U test of two independent samples.</summary>
public static class MannWhitney
{
    /// <summary><see cref="PValueMethod.Auto"/> is exact up to this many values in both samples together.</summary>
    public const int MaxExactCount = 60;

    /// <summary>Tests whether values of the first sample tend to differ from those of the second.</summary>
    /// <param name="first">First sample.</param>
    /// <param name="second">Second sample.</param>
    /// <param name="method">The exact distribution is conditional on the ties at hand; the normal one is corrected for ties.</param>
    /// <param name="continuityCorrection">Moves U half a step towards its mean; normal approximation only.</param>
    /// <param name="alternative">Greater: the first sample tends to be greater.</param>
    /// <returns>U of the first sample (pairs won, ties half); NaN for an empty or non-finite sample. Where all values are equal the p-value is 1.</returns>
    public static SignificanceResult Test(
        ReadOnlySpan<double> first,
        ReadOnlySpan<double> second,
        PValueMethod method = PValueMethod.Auto,
        bool continuityCorrection = true,
        Alternative alternative = Alternative.TwoSided)
    {
        double[] pooled = [.. first, .. second];
        if (first.IsEmpty || second.IsEmpty || !Moments.AllFinite(pooled))
        {
            return new SignificanceResult(double.NaN, double.NaN, pooled.Length);
        }

        double[] ranks = Ranks.Average(pooled);
        double rankSum = ranks[..first.Length].Sum();
        double u = rankSum - (first.Length * (first.Length + 1.0) / 2.0);
        bool exact = method == PValueMethod.Exact || (method == PValueMethod.Auto && pooled.Length <= MaxExactCount);
        double pValue = exact
            ? ExactPValue(ranks, first.Length, rankSum, alternative)
            : NormalPValue(u, first.Length, second.Length, Ranks.GroupSizes(pooled), continuityCorrection, alternative);
        return new SignificanceResult(u, pValue, pooled.Length);
    }

    private static double NormalPValue(double u, double n1, double n2, int[] groups, bool continuityCorrection, Alternative alternative)
    {
        double n = n1 + n2;
        double ties = groups.Sum(size => Math.Pow(size, 3) - size);
        double deviation = Math.Sqrt(n1 * n2 / 12.0 * (n + 1.0 - (ties / (n * (n - 1.0)))));
        if (deviation == 0.0)
        {
            return 1.0;
        }

        double distance = u - (n1 * n2 / 2.0);
        double correction = continuityCorrection ? 0.5 : 0.0;
        return alternative switch
        {
            Alternative.Greater => Distributions.NormalPValue((distance - correction) / deviation, alternative),
            Alternative.Less => Distributions.NormalPValue((distance + correction) / deviation, alternative),
            _ => Math.Min(1.0, 2.0 * Distributions.NormalPValue((Math.Abs(distance) - correction) / deviation, Alternative.Greater)),
        };
    }

    /// <summary>Every choice of <paramref name="chosen"/> of the ranks is equally likely. Twice the sums are whole numbers.</summary>
    private static double ExactPValue(double[] ranks, int chosen, double rankSum, Alternative alternative)
    {
        int[] doubled = Array.ConvertAll(ranks, rank => (int)Math.Round(2.0 * rank));
        int largest = doubled.Sum();
        double[][] ways = [.. Enumerable.Range(0, chosen + 1).Select(_ => new double[largest + 1])];
        ways[0][0] = 1.0;
        foreach (int rank in doubled)
        {
            for (int taken = chosen; taken > 0; taken--)
            {
                for (int sum = rank; sum <= largest; sum++)
                {
                    ways[taken][sum] += ways[taken - 1][sum - rank];
                }
            }
        }

        double total = ways[chosen].Sum();
        int observed = (int)Math.Round(2.0 * rankSum);
        return Distributions.DiscretePValue(ways[chosen][..(observed + 1)].Sum() / total, ways[chosen][observed..].Sum() / total, alternative);
    }
}
