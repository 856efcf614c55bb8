namespace HaloLab.Statistics;

/// <summary>Krippendorff's α: agreement of any number of raters with missing ratings.</summary>
public static class KrippendorffAlpha
{
    /// <summary>1 is perfect agreement, 0 is chance; negative is less than chance.</summary>
    /// <param name="ratings">Units × raters; NaN where a rating is missing. Units with fewer than two ratings drop out.</param>
    /// <param name="level">What differences between grades mean.</param>
    /// <returns>NaN where no unit has two ratings, or all ratings that count are equal.</returns>
    public static double Compute(IReadOnlyList<double[]> ratings, MeasurementLevel level)
    {
        ArgumentNullException.ThrowIfNull(ratings);
        double[][] units = [.. ratings.Select(unit => unit.Where(rating => !double.IsNaN(rating)).ToArray()).Where(unit => unit.Length > 1)];
        double[] values = [.. units.SelectMany(unit => unit).Distinct().Order()];
        if (values.Length < 2)
        {
            return double.NaN;
        }

        double[,] coincidences = Coincidences(units, values);
        double[] totals = [.. Enumerable.Range(0, values.Length).Select(c => Enumerable.Range(0, values.Length).Sum(k => coincidences[c, k]))];
        double observed = 0.0;
        double expected = 0.0;
        for (int c = 0; c < values.Length; c++)
        {
            for (int k = 0; k < values.Length; k++)
            {
                double distance = SquaredDistance(c, k, values, totals, level);
                observed += coincidences[c, k] * distance;
                expected += totals[c] * totals[k] * distance;
            }
        }

        return 1.0 - ((totals.Sum() - 1.0) * observed / expected);
    }

    /// <summary>Every ordered pair of ratings of a unit counts 1/(m − 1), m being the unit's number of ratings.</summary>
    private static double[,] Coincidences(double[][] units, double[] values)
    {
        double[,] coincidences = new double[values.Length, values.Length];
        foreach (double[] unit in units)
        {
            int[] grades = Array.ConvertAll(unit, rating => Array.BinarySearch(values, rating));
            for (int i = 0; i < grades.Length; i++)
            {
                for (int j = 0; j < grades.Length; j++)
                {
                    coincidences[grades[i], grades[j]] += i == j ? 0.0 : 1.0 / (grades.Length - 1.0);
                }
            }
        }

        return coincidences;
    }

    private static double SquaredDistance(int c, int k, double[] values, double[] totals, MeasurementLevel level)
    {
        if (c == k)
        {
            return 0.0;
        }

        double between = totals[Math.Min(c, k)..(Math.Max(c, k) + 1)].Sum() - ((totals[c] + totals[k]) / 2.0);
        return level switch
        {
            MeasurementLevel.Nominal => 1.0,
            MeasurementLevel.Ordinal => between * between,
            MeasurementLevel.Interval => Math.Pow(values[c] - values[k], 2),
            MeasurementLevel.Ratio => Math.Pow((values[c] - values[k]) / (values[c] + values[k]), 2),
            _ => throw new ArgumentOutOfRangeException(nameof(level), level, null),
        };
    }
}
