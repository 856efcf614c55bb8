namespace HaloLab.Statistics;

/// <summary>
/// How often two ratings of one unit coincide, value by value (Krippendorff 2011): all that Krippendorff's α needs of the ratings. Matrices of
/// disjoint units over the same values add up, so that units can be drawn with repetition at the cost of a sum.
/// </summary>
public sealed class CoincidenceMatrix
{
    private readonly IReadOnlyList<double> _values;
    private readonly double[,] _counts;

    private CoincidenceMatrix(IReadOnlyList<double> values, double[,] counts)
    {
        _values = values;
        _counts = counts;
    }

    /// <summary>Counts coincidences: every ordered pair of ratings of a unit counts 1/(m − 1), m being the unit's number of ratings.</summary>
    /// <param name="ratings">Units × raters; NaN where a rating is missing. Units with fewer than two ratings drop out.</param>
    /// <param name="values">Every value that a rating can have, rising.</param>
    /// <exception cref="ArgumentException">A rating is not among the values.</exception>
    public static CoincidenceMatrix Of(IEnumerable<double[]> ratings, IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(ratings);
        ArgumentNullException.ThrowIfNull(values);
        double[] sorted = [.. values];
        double[,] counts = new double[sorted.Length, sorted.Length];
        foreach (double[] unit in ratings)
        {
            int[] grades = [.. unit.Where(rating => !double.IsNaN(rating)).Select(rating => Array.BinarySearch(sorted, rating))];
            if (grades.Any(grade => grade < 0))
            {
                throw new ArgumentException($"A unit has the ratings {string.Join(", ", unit)}; listed are {string.Join(", ", sorted)}.", nameof(ratings));
            }

            for (int i = 0; i < grades.Length; i++)
            {
                for (int j = 0; j < grades.Length; j++)
                {
                    counts[grades[i], grades[j]] += i == j ? 0.0 : 1.0 / (grades.Length - 1.0);
                }
            }
        }

        return new CoincidenceMatrix(sorted, counts);
    }

    /// <summary>All units of the matrices together; a matrix that stands twice counts twice.</summary>
    /// <param name="matrices">At least one, all over the same values.</param>
    public static CoincidenceMatrix Sum(IEnumerable<CoincidenceMatrix> matrices)
    {
        ArgumentNullException.ThrowIfNull(matrices);
        CoincidenceMatrix? sum = null;
        foreach (CoincidenceMatrix matrix in matrices)
        {
            sum ??= new CoincidenceMatrix(matrix._values, new double[matrix._values.Count, matrix._values.Count]);
            for (int c = 0; c < sum._values.Count; c++)
            {
                for (int k = 0; k < sum._values.Count; k++)
                {
                    sum._counts[c, k] += matrix._counts[c, k];
                }
            }
        }

        return sum ?? throw new ArgumentException("There is no matrix to sum.", nameof(matrices));
    }

    /// <summary>Krippendorff's α: 1 is perfect agreement, 0 is chance; NaN where fewer than two values occur.</summary>
    public double Alpha(MeasurementLevel level)
    {
        int count = _values.Count;
        double[] totals = [.. Enumerable.Range(0, count).Select(c => Enumerable.Range(0, count).Sum(k => _counts[c, k]))];
        double observed = 0.0;
        double expected = 0.0;
        for (int c = 0; c < count; c++)
        {
            for (int k = 0; k < count; k++)
            {
                double distance = SquaredDistance(c, k, totals, level);
                observed += _counts[c, k] * distance;
                expected += totals[c] * totals[k] * distance;
            }
        }

        return expected > 0.0 ? 1.0 - ((totals.Sum() - 1.0) * observed / expected) : double.NaN;
    }

    private double SquaredDistance(int c, int k, double[] totals, MeasurementLevel level)
    {
        if (c == k)
        {
            return 0.0;
        }

        return level switch
        {
            MeasurementLevel.Nominal => 1.0,
            MeasurementLevel.Ordinal => Math.Pow(Between(c, k, totals), 2),
            MeasurementLevel.Interval => Math.Pow(_values[c] - _values[k], 2),
            MeasurementLevel.Ratio => Math.Pow((_values[c] - _values[k]) / (_values[c] + _values[k]), 2),
            _ => throw new ArgumentOutOfRangeException(nameof(level), level, null),
        };
    }

    /// <summary>Ratings between two values, each end counting half.</summary>
    private static double Between(int c, int k, double[] totals)
    {
        double sum = 0.0;
        for (int i = Math.Min(c, k); i <= Math.Max(c, k); i++)
        {
            sum += totals[i];
        }

        return sum - ((totals[c] + totals[k]) / 2.0);
    }
}
