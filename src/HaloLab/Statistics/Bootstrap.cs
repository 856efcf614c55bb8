using MathNet.Numerics.Statistics;

namespace HaloLab.Statistics;

/// <summary>
/// Nonparametric bootstrap of an arbitrary statistic. The statistic receives the drawn indices into whatever the caller resamples, so it
/// serves one sample, pairs and tables alike.
/// </summary>
public static class Bootstrap
{
    /// <summary>Replicates drawn when the caller names no number.</summary>
    public const int DefaultReplicates = 2000;

    /// <summary>Draws <paramref name="replicates"/> resamples of <paramref name="count"/> indices with replacement.</summary>
    public static int[][] Resamples(int count, RandomStream stream, int replicates = DefaultReplicates)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(replicates);
        int[][] resamples = new int[replicates][];
        for (int i = 0; i < replicates; i++)
        {
            resamples[i] = new int[count];
            for (int j = 0; j < count; j++)
            {
                resamples[i][j] = stream.Next(count);
            }
        }

        return resamples;
    }

    /// <summary>Bootstraps over independent units with given resamples.</summary>
    /// <param name="count">Number of units; the statistic of the sample is that of the indices 0 .. count − 1.</param>
    /// <param name="statistic">From indices (with repetitions) to a number; NaN where undefined.</param>
    /// <param name="resamples">Indices of every replicate.</param>
    /// <param name="level">Confidence level in (0, 1).</param>
    public static BootstrapResult Run(int count, Func<int[], double> statistic, IReadOnlyList<int[]> resamples, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        ArgumentNullException.ThrowIfNull(resamples);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        foreach (int index in resamples.SelectMany(resample => resample))
        {
            if (index < 0 || index >= count)
            {
                throw new ArgumentException($"A resample holds the index {index}, outside 0 .. {count - 1}.", nameof(resamples));
            }
        }

        int[] all = [.. Enumerable.Range(0, count)];
        double[] replicates = [.. resamples.Select(statistic)];
        double[] jackknife = count == 1 ? [] : [.. all.Select(left => statistic([.. all.Where(index => index != left)]))];
        return Summarise(statistic(all), replicates, jackknife, level);
    }

    /// <summary>Bootstraps over independent units with resamples drawn from <paramref name="stream"/>.</summary>
    public static BootstrapResult Run(
        int count, Func<int[], double> statistic, RandomStream stream, int replicates = DefaultReplicates, double level = 0.95) =>
        Run(count, statistic, Resamples(count, stream, replicates), level);

    /// <summary>Bootstraps a statistic of one sample of values, for example its mean.</summary>
    public static BootstrapResult Run(
        IReadOnlyList<double> values, Func<double[], double> statistic, RandomStream stream, int replicates = DefaultReplicates, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(statistic);
        return Run(values.Count, indices => statistic(Array.ConvertAll(indices, index => values[index])), stream, replicates, level);
    }

    /// <summary>
    /// Bootstraps over clusters with given resamples: clusters are drawn, and all rows of a drawn cluster come with it, as often as it was
    /// drawn. The jackknife of the BCa interval leaves out one cluster at a time.
    /// </summary>
    /// <param name="clusterOfRow">The cluster (usually the prompt) of every row.</param>
    /// <param name="statistic">From row indices (with repetitions) to a number; NaN where undefined.</param>
    /// <param name="clusterResamples">Indices into the distinct clusters in ascending order.</param>
    /// <param name="level">Confidence level in (0, 1).</param>
    public static BootstrapResult Clustered<TCluster>(
        IReadOnlyList<TCluster> clusterOfRow, Func<int[], double> statistic, IReadOnlyList<int[]> clusterResamples, double level = 0.95)
        where TCluster : notnull
    {
        int[][] rowsOfCluster = RowsOfClusters(clusterOfRow);
        ArgumentNullException.ThrowIfNull(statistic);
        return Run(rowsOfCluster.Length, clusters => statistic([.. clusters.SelectMany(cluster => rowsOfCluster[cluster])]), clusterResamples, level);
    }

    /// <summary>Bootstraps over clusters with resamples drawn from <paramref name="stream"/>.</summary>
    public static BootstrapResult Clustered<TCluster>(
        IReadOnlyList<TCluster> clusterOfRow, Func<int[], double> statistic, RandomStream stream, int replicates = DefaultReplicates, double level = 0.95)
        where TCluster : notnull =>
        Clustered(clusterOfRow, statistic, Resamples(RowsOfClusters(clusterOfRow).Length, stream, replicates), level);

    private static int[][] RowsOfClusters<TCluster>(IReadOnlyList<TCluster> clusterOfRow)
        where TCluster : notnull
    {
        ArgumentNullException.ThrowIfNull(clusterOfRow);

        // Text sorts by code points, so that the draws do not depend on the machine's culture.
        IComparer<TCluster> order = typeof(TCluster) == typeof(string) ? (IComparer<TCluster>)(object)StringComparer.Ordinal : Comparer<TCluster>.Default;
        return [.. Enumerable.Range(0, clusterOfRow.Count).GroupBy(row => clusterOfRow[row]).OrderBy(group => group.Key, order).Select(group => group.ToArray())];
    }

    private static BootstrapResult Summarise(double estimate, double[] replicates, double[] jackknife, double level)
    {
        double[] sorted = [.. replicates.Where(value => !double.IsNaN(value)).Order()];
        double Quantile(double probability) => sorted.Length == 0 || double.IsNaN(probability) || double.IsNaN(estimate)
            ? double.NaN
            : SortedArrayStatistics.QuantileCustom(sorted, probability, QuantileDefinition.R7);

        double tail = (1.0 - level) / 2.0;
        double low = Quantile(tail);
        double high = Quantile(1.0 - tail);
        double bias = Distributions.NormalQuantile((sorted.Count(value => value < estimate) + sorted.Count(value => value <= estimate)) / (2.0 * sorted.Length));
        double acceleration = AccelerationOf(jackknife);
        double bcaLow = BcaProbability(Distributions.NormalQuantile(tail), bias, acceleration);
        double bcaHigh = BcaProbability(Distributions.NormalQuantile(1.0 - tail), bias, acceleration);
        return new BootstrapResult
        {
            Estimate = estimate,
            StandardError = Moments.StandardDeviation(sorted),
            Percentile = new Interval(estimate, low, high, level),
            Basic = new Interval(estimate, (2.0 * estimate) - high, (2.0 * estimate) - low, level),
            Bca = new Interval(estimate, Quantile(bcaLow), Quantile(bcaHigh), level),
            BiasCorrection = bias,
            Acceleration = acceleration,
            BcaProbabilities = (bcaLow, bcaHigh),
            Replicates = replicates,
            UndefinedReplicates = replicates.Length - sorted.Length,
        };
    }

    private static double AccelerationOf(double[] jackknife)
    {
        if (Moments.IsConstant(jackknife))
        {
            return 0.0;
        }

        double mean = Moments.Mean(jackknife);
        double cubes = jackknife.Sum(value => Math.Pow(mean - value, 3));
        double squares = jackknife.Sum(value => Math.Pow(mean - value, 2));
        return cubes / (6.0 * Math.Pow(squares, 1.5));
    }

    private static double BcaProbability(double z, double bias, double acceleration) =>
        double.IsFinite(bias) ? Distributions.NormalCdf(bias + ((bias + z) / (1.0 - (acceleration * (bias + z))))) : double.NaN;
}
