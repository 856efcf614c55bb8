namespace HaloLab.Statistics;

/// <summary>Wilcoxon's signed-rank test of paired differences.</summary>
public static class Wilcoxon
{
    /// <summary><see cref="PValueMethod.Auto"/> is exact up to this many ranked differences.</summary>
    public const int MaxExactCount = 50;

    /// <summary>Tests whether <c>first[i] − second[i]</c> is symmetric about zero.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static SignedRankResult SignedRank(
        ReadOnlySpan<double> first,
        ReadOnlySpan<double> second,
        ZeroRule zeros = ZeroRule.Drop,
        PValueMethod method = PValueMethod.Auto,
        bool continuityCorrection = false,
        Alternative alternative = Alternative.TwoSided) =>
        SignedRank(Moments.Differences(first, second), zeros, method, continuityCorrection, alternative);

    /// <summary>Tests whether differences are symmetric about zero.</summary>
    /// <param name="differences">Differences of pairs.</param>
    /// <param name="zeros">What to do with differences of zero.</param>
    /// <param name="method">The exact distribution is conditional on the ties and zeros at hand, so it holds with them too.</param>
    /// <param name="continuityCorrection">Moves the rank sum half a step towards its mean; normal approximation only.</param>
    /// <param name="alternative">Greater: the differences tend to be positive.</param>
    public static SignedRankResult SignedRank(
        ReadOnlySpan<double> differences,
        ZeroRule zeros = ZeroRule.Drop,
        PValueMethod method = PValueMethod.Auto,
        bool continuityCorrection = false,
        Alternative alternative = Alternative.TwoSided)
    {
        double[] ranked = zeros == ZeroRule.Drop ? [.. differences.ToArray().Where(difference => difference != 0.0)] : differences.ToArray();
        if (!Moments.AllFinite(ranked) || ranked.All(difference => difference == 0.0))
        {
            return new SignedRankResult(double.NaN, double.NaN, double.NaN, double.NaN, ranked.Length);
        }

        double[] magnitudes = Array.ConvertAll(ranked, Math.Abs);
        double[] ranks = Ranks.Average(magnitudes);
        double zeroRanks = RankSum(ranks, ranked, 0);
        double split = zeros == ZeroRule.Split ? zeroRanks / 2.0 : 0.0;
        double positive = RankSum(ranks, ranked, 1) + split;
        double negative = RankSum(ranks, ranked, -1) + split;

        double z = Standardise(positive, magnitudes, zeros, continuityCorrection && method != PValueMethod.Exact, alternative);
        bool exact = method == PValueMethod.Exact || (method == PValueMethod.Auto && ranked.Length <= MaxExactCount);
        double pValue = exact
            ? ExactPValue([.. ranks.Where((_, i) => ranked[i] != 0.0)], positive - split, alternative)
            : Distributions.NormalPValue(z, alternative);
        return new SignedRankResult(positive, negative, z, pValue, ranked.Length);
    }

    private static double RankSum(double[] ranks, double[] differences, int sign) => ranks.Where((_, i) => Math.Sign(differences[i]) == sign).Sum();

    private static double Standardise(double positive, double[] magnitudes, ZeroRule zeros, bool continuityCorrection, Alternative alternative)
    {
        double n = magnitudes.Length;
        double mean = n * (n + 1.0) / 4.0;
        double variance = n * (n + 1.0) * ((2.0 * n) + 1.0);
        IEnumerable<int> ties = Ranks.GroupSizes(magnitudes);
        int zeroCount = magnitudes.Count(magnitude => magnitude == 0.0);
        if (zeros == ZeroRule.Pratt && zeroCount > 0)
        {
            // The zeros hold the lowest ranks and never move (Cureton 1967): their share, and their tie, leave the variance.
            mean -= zeroCount * (zeroCount + 1.0) / 4.0;
            variance -= zeroCount * (zeroCount + 1.0) * ((2.0 * zeroCount) + 1.0);
            ties = ties.Skip(1);
        }

        double deviation = Math.Sqrt((variance - (ties.Sum(size => Math.Pow(size, 3) - size) / 2.0)) / 24.0);
        double distance = positive - mean;
        if (continuityCorrection)
        {
            distance -= 0.5 * alternative switch { Alternative.Greater => 1, Alternative.Less => -1, _ => Math.Sign(distance) };
        }

        return distance / deviation;
    }

    /// <summary>Every rank is positive with probability ½. Ranks are halves at most, so twice their sums are whole numbers.</summary>
    private static double ExactPValue(double[] ranks, double positive, Alternative alternative)
    {
        int[] doubled = Array.ConvertAll(ranks, rank => (int)Math.Round(2.0 * rank));
        double[] probability = new double[doubled.Sum() + 1];
        probability[0] = 1.0;
        foreach (int rank in doubled)
        {
            for (int sum = probability.Length - 1; sum >= 0; sum--)
            {
                probability[sum] = 0.5 * (probability[sum] + (sum >= rank ? probability[sum - rank] : 0.0));
            }
        }

        int observed = (int)Math.Round(2.0 * positive);
        return Distributions.DiscretePValue(probability[..(observed + 1)].Sum(), probability[observed..].Sum(), alternative);
    }
}
