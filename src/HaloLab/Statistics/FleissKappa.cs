namespace HaloLab.Statistics;

/// <summary>Agreement of several raters on categories, beyond chance; every unit has the same number of ratings.</summary>
public static class FleissKappa
{
    /// <summary>Counts how many raters gave each category to each unit.</summary>
    /// <param name="ratings">Units × raters.</param>
    /// <param name="categories">All categories; they become the columns.</param>
    /// <exception cref="ArgumentException">A rating is not listed.</exception>
    public static int[][] Counts(IReadOnlyList<int[]> ratings, IReadOnlyList<int> categories)
    {
        ArgumentNullException.ThrowIfNull(ratings);
        ArgumentNullException.ThrowIfNull(categories);
        foreach (int rating in ratings.SelectMany(unit => unit))
        {
            if (!categories.Contains(rating))
            {
                throw new ArgumentException($"The rating {rating} is not among the categories {string.Join(", ", categories)}.", nameof(ratings));
            }
        }

        return [.. ratings.Select(unit => categories.Select(category => unit.Count(rating => rating == category)).ToArray())];
    }

    /// <summary>Fleiss' κ (1971): chance agreement from how often each category was used. NaN where one category only was used.</summary>
    /// <param name="counts">Units × categories.</param>
    /// <exception cref="ArgumentException">Units differ in their number of ratings.</exception>
    public static double Compute(IReadOnlyList<int[]> counts)
    {
        double observed = MeanAgreement(counts);
        double ratings = counts.Sum(unit => unit.Sum());
        double chance = ColumnTotals(counts).Sum(total => Math.Pow(total / ratings, 2));
        return chance < 1.0 ? (observed - chance) / (1.0 - chance) : double.NaN;
    }

    /// <summary>Randolph's free-marginal κ (2005): chance agreement is 1 over the number of categories that occur. NaN where one only occurs.</summary>
    /// <inheritdoc cref="Compute" path="/param"/>
    /// <inheritdoc cref="Compute" path="/exception"/>
    public static double Randolph(IReadOnlyList<int[]> counts)
    {
        double observed = MeanAgreement(counts);
        double chance = 1.0 / ColumnTotals(counts).Count(total => total > 0);
        return chance < 1.0 ? (observed - chance) / (1.0 - chance) : double.NaN;
    }

    private static int[] ColumnTotals(IReadOnlyList<int[]> counts) =>
        counts.Count == 0 ? [] : [.. Enumerable.Range(0, counts[0].Length).Select(category => counts.Sum(unit => unit[category]))];

    /// <summary>Mean over units of the share of agreeing pairs of raters.</summary>
    private static double MeanAgreement(IReadOnlyList<int[]> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        if (counts.Count == 0)
        {
            return double.NaN;
        }

        int raters = counts[0].Sum();
        if (counts.Any(unit => unit.Length != counts[0].Length || unit.Sum() != raters))
        {
            throw new ArgumentException("Every unit needs the same categories and the same number of ratings; KrippendorffAlpha takes missing ratings.", nameof(counts));
        }

        return counts.Average(unit => unit.Sum(count => count * (count - 1.0)) / (raters * (raters - 1.0)));
    }
}
