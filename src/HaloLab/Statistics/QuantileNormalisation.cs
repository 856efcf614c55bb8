using MathNet.Numerics.Statistics;

namespace HaloLab.Statistics;

/// <summary>Brings scores onto a common scale by their ranks. Values must be finite.</summary>
public static class QuantileNormalisation
{
    /// <summary>
    /// Gives every value the quantile of <paramref name="reference"/> (type 7) at its position (average rank − ½)/n, so that the
    /// distributions agree and the order stays.
    /// </summary>
    public static double[] ToReference(ReadOnlySpan<double> source, ReadOnlySpan<double> reference)
    {
        if (reference.IsEmpty)
        {
            throw new ArgumentException("The reference is empty.", nameof(reference));
        }

        double[] sorted = reference.ToArray();
        Array.Sort(sorted);
        return Array.ConvertAll(Positions(source), position => SortedArrayStatistics.QuantileCustom(sorted, position, QuantileDefinition.R7));
    }

    /// <summary>Gives every value the standard normal quantile at its position (average rank − ½)/n.</summary>
    public static double[] ToNormal(ReadOnlySpan<double> source) => Array.ConvertAll(Positions(source), Distributions.NormalQuantile);

    /// <summary>
    /// Gives all columns one distribution: the value of rank i becomes the mean over columns of their i-th smallest values. A tied value
    /// lies between the means of its places.
    /// </summary>
    /// <param name="matrix">Rows of equal length.</param>
    /// <exception cref="ArgumentException">The rows differ in length.</exception>
    public static double[][] Columns(IReadOnlyList<double[]> matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        int width = matrix.Count == 0 ? 0 : matrix[0].Length;
        foreach (double[] row in matrix)
        {
            Moments.RequireSameLength(width, row.Length);
        }

        double[][] columns = [.. Enumerable.Range(0, width).Select(column => matrix.Select(row => row[column]).ToArray())];
        double[][] sorted = [.. columns.Select(column => column.Order().ToArray())];
        double[] means = [.. Enumerable.Range(0, matrix.Count).Select(rank => sorted.Average(column => column[rank]))];
        double[][] ranks = [.. columns.Select(column => Ranks.Average(column))];
        return [.. Enumerable.Range(0, matrix.Count).Select(row => ranks.Select(column => AtRank(means, column[row])).ToArray())];
    }

    /// <summary>(value − mean) / standard deviation; NaN for a constant sample.</summary>
    /// <param name="values">The sample.</param>
    /// <param name="deltaDegrees">The deviation divides by n − this: 0 or 1.</param>
    public static double[] ZScores(ReadOnlySpan<double> values, int deltaDegrees = 0)
    {
        double mean = Moments.Mean(values);
        double deviation = Moments.StandardDeviation(values, deltaDegrees);
        return Array.ConvertAll(values.ToArray(), value => deviation > 0.0 ? (value - mean) / deviation : double.NaN);
    }

    private static double[] Positions(ReadOnlySpan<double> source)
    {
        double count = source.Length;
        return Array.ConvertAll(Ranks.Average(source), rank => (rank - 0.5) / count);
    }

    private static double AtRank(double[] means, double rank)
    {
        int below = (int)Math.Floor(rank) - 1;
        double fraction = rank - Math.Floor(rank);
        return fraction == 0.0 ? means[below] : means[below] + (fraction * (means[below + 1] - means[below]));
    }
}
