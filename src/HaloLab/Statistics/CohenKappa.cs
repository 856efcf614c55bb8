namespace HaloLab.Statistics;

/// <summary>Cohen's κ: agreement of two raters on categories, beyond chance.</summary>
public static class CohenKappa
{
    /// <summary>Computes plain or weighted κ.</summary>
    /// <param name="first">Categories given by the first rater.</param>
    /// <param name="second">Categories given by the second rater to the same items.</param>
    /// <param name="categories">All categories in their order, which is what the weights measure.</param>
    /// <param name="weights">How much a disagreement counts.</param>
    /// <exception cref="ArgumentException">The lengths differ, or an item has a category that is not listed.</exception>
    public static CohenKappaResult Compute(
        ReadOnlySpan<int> first, ReadOnlySpan<int> second, IReadOnlyList<int> categories, KappaWeights weights = KappaWeights.None)
    {
        ArgumentNullException.ThrowIfNull(categories);
        Moments.RequireSameLength(first.Length, second.Length);
        int count = categories.Count;
        Dictionary<int, int> place = Enumerable.Range(0, count).ToDictionary(i => categories[i]);
        int[][] confusion = [.. Enumerable.Range(0, count).Select(_ => new int[count])];
        for (int i = 0; i < first.Length; i++)
        {
            if (!place.TryGetValue(first[i], out int row) || !place.TryGetValue(second[i], out int column))
            {
                throw new ArgumentException($"Item {i} has the categories {first[i]} and {second[i]}; listed are {string.Join(", ", categories)}.");
            }

            confusion[row][column]++;
        }

        return OfConfusion(confusion, weights);
    }

    /// <summary>κ of items counted by the category of the first rater (row) and of the second (column); counts of disjoint items add up.</summary>
    public static CohenKappaResult OfConfusion(int[][] confusion, KappaWeights weights = KappaWeights.None)
    {
        ArgumentNullException.ThrowIfNull(confusion);
        int count = confusion.Length;
        double n = confusion.Sum(row => row.Sum());
        double[] rows = [.. confusion.Select(row => row.Sum() / n)];
        double[] columns = [.. Enumerable.Range(0, count).Select(column => confusion.Sum(row => row[column]) / n)];
        double observed = 0.0;
        double expected = 0.0;
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                double weight = Weight(i, j, weights);
                observed += weight * confusion[i][j] / n;
                expected += weight * rows[i] * columns[j];
            }
        }

        double kappa = expected > 0.0 ? 1.0 - (observed / expected) : double.NaN;
        if (weights != KappaWeights.None)
        {
            return new CohenKappaResult(kappa, double.NaN, double.NaN, confusion);
        }

        (double standardError, double nullError) = StandardErrors(kappa, confusion, rows, columns, n);
        return new CohenKappaResult(kappa, standardError, kappa / nullError, confusion);
    }

    private static double Weight(int i, int j, KappaWeights weights) => weights switch
    {
        KappaWeights.None => i == j ? 0.0 : 1.0,
        KappaWeights.Linear => Math.Abs(i - j),
        KappaWeights.Quadratic => (i - j) * (i - j),
        _ => throw new ArgumentOutOfRangeException(nameof(weights), weights, null),
    };

    private static (double StandardError, double NullError) StandardErrors(double kappa, int[][] confusion, double[] rows, double[] columns, double n)
    {
        double chance = 0.0;
        double agreeing = 0.0;
        double disagreeing = 0.0;
        double marginal = 0.0;
        for (int i = 0; i < rows.Length; i++)
        {
            chance += rows[i] * columns[i];
            marginal += rows[i] * columns[i] * (rows[i] + columns[i]);
            agreeing += confusion[i][i] / n * Math.Pow(1.0 - ((rows[i] + columns[i]) * (1.0 - kappa)), 2);
            for (int j = 0; j < rows.Length; j++)
            {
                disagreeing += i == j ? 0.0 : confusion[i][j] / n * Math.Pow(columns[i] + rows[j], 2);
            }
        }

        double scale = n * Math.Pow(1.0 - chance, 2);
        double variance = agreeing + (Math.Pow(1.0 - kappa, 2) * disagreeing) - Math.Pow(kappa - (chance * (1.0 - kappa)), 2);
        return (Math.Sqrt(Math.Max(0.0, variance) / scale), Math.Sqrt((chance + (chance * chance) - marginal) / scale));
    }
}
