namespace HaloLab.Statistics;

/// <summary>
/// How often scores prefer the same one of two as people do. Human preference: +1 the first, −1 the second, 0 a tie; the score difference
/// is first minus second. Unequal lengths throw <see cref="ArgumentException"/>; no pair, or a NaN difference, gives NaN.
/// </summary>
public static class PairwiseAccuracy
{
    /// <summary>Share of the pairs with a human preference whose score difference has that sign; a difference of 0 is wrong.</summary>
    public static double WithoutTies(ReadOnlySpan<int> human, ReadOnlySpan<double> scoreDifference)
    {
        Moments.RequireSameLength(human.Length, scoreDifference.Length);
        int untied = 0;
        int correct = 0;
        for (int i = 0; i < human.Length; i++)
        {
            if (double.IsNaN(scoreDifference[i]))
            {
                return double.NaN;
            }

            untied += human[i] != 0 ? 1 : 0;
            correct += human[i] != 0 && Math.Sign(scoreDifference[i]) == Math.Sign(human[i]) ? 1 : 0;
        }

        return untied == 0 ? double.NaN : (double)correct / untied;
    }

    /// <summary>
    /// Share of all pairs called correctly when differences of at most <paramref name="threshold"/> are called ties: the unbiased figure,
    /// where the threshold was chosen on other data.
    /// </summary>
    public static double WithTies(ReadOnlySpan<int> human, ReadOnlySpan<double> scoreDifference, double threshold)
    {
        Moments.RequireSameLength(human.Length, scoreDifference.Length);
        int correct = 0;
        for (int i = 0; i < human.Length; i++)
        {
            if (double.IsNaN(scoreDifference[i]))
            {
                return double.NaN;
            }

            int called = Math.Abs(scoreDifference[i]) <= threshold ? 0 : Math.Sign(scoreDifference[i]);
            correct += called == Math.Sign(human[i]) ? 1 : 0;
        }

        return human.IsEmpty ? double.NaN : (double)correct / human.Length;
    }

    /// <summary>
    /// The same at the best threshold among the observed sizes of differences, the smallest of equally good ones. Chosen on the data it is
    /// measured on, it is optimistic.
    /// </summary>
    public static TieAwareAccuracy WithTies(ReadOnlySpan<int> human, ReadOnlySpan<double> scoreDifference)
    {
        Moments.RequireSameLength(human.Length, scoreDifference.Length);
        if (human.IsEmpty || scoreDifference.ToArray().Any(double.IsNaN))
        {
            return new TieAwareAccuracy(double.NaN, double.NaN);
        }

        double[] sizes = Array.ConvertAll(scoreDifference.ToArray(), Math.Abs);
        int[] order = [.. Enumerable.Range(0, sizes.Length)];
        Array.Sort(sizes, order);

        // At first nothing is a tie; pairs become ties in order of size, equal sizes together.
        int correct = 0;
        for (int i = 0; i < human.Length; i++)
        {
            correct += PrefersAsHuman(human[i], scoreDifference[i]);
        }

        int best = -1;
        double threshold = double.NaN;
        for (int i = 0; i < sizes.Length; i++)
        {
            int pair = order[i];
            correct += (human[pair] == 0 ? 1 : 0) - PrefersAsHuman(human[pair], scoreDifference[pair]);
            bool isLastOfSize = i == sizes.Length - 1 || sizes[i + 1] > sizes[i];
            if (isLastOfSize && correct > best)
            {
                (best, threshold) = (correct, sizes[i]);
            }
        }

        return new TieAwareAccuracy((double)best / human.Length, threshold);
    }

    private static int PrefersAsHuman(int human, double difference) => human != 0 && Math.Sign(difference) == Math.Sign(human) ? 1 : 0;
}
