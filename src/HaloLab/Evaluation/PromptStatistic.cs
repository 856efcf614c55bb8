using HaloLab.Statistics;

namespace HaloLab.Evaluation;

/// <summary>
/// A number computed from per-prompt contributions, so that prompts, the independent units, can be drawn with repetition (DESIGN D7) at the
/// cost of a few sums.
/// </summary>
public sealed class PromptStatistic
{
    private readonly Func<IReadOnlyList<int>, double> _value;

    private PromptStatistic(int prompts, Func<IReadOnlyList<int>, double> value)
    {
        Prompts = prompts;
        _value = value;
    }

    /// <summary>Number of prompts; they are numbered from 0.</summary>
    public int Prompts { get; }

    /// <summary>Σ sums / Σ counts over prompts: shares and means whose prompts may have unequal numbers of entries.</summary>
    public static PromptStatistic Ratio(IReadOnlyList<double> sums, IReadOnlyList<double> counts)
    {
        ArgumentNullException.ThrowIfNull(sums);
        ArgumentNullException.ThrowIfNull(counts);
        return new PromptStatistic(sums.Count, prompts => prompts.Sum(prompt => sums[prompt]) / prompts.Sum(prompt => counts[prompt]));
    }

    /// <summary>Pearson's correlation of all pairs of values of the prompts drawn; NaN where the second values are all the same.</summary>
    /// <param name="pairs">The pairs of each prompt, finite.</param>
    /// <param name="ofConstantX">The value where the first values are all the same and the second are not.</param>
    public static PromptStatistic Correlation(IReadOnlyList<IReadOnlyList<(double X, double Y)>> pairs, double ofConstantX = double.NaN)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        double[][] moments = [.. pairs.Select(list => (double[])
            [list.Count, list.Sum(p => p.X), list.Sum(p => p.Y), list.Sum(p => p.X * p.X), list.Sum(p => p.Y * p.Y), list.Sum(p => p.X * p.Y)])];
        return new PromptStatistic(pairs.Count, prompts =>
        {
            // Asked of the values: a variance that is a difference of sums is seldom exactly 0.
            if (!Varies(prompts, pair => pair.Y))
            {
                return double.NaN;
            }

            if (!Varies(prompts, pair => pair.X))
            {
                return ofConstantX;
            }

            double[] sums = new double[6];
            foreach (int prompt in prompts)
            {
                for (int i = 0; i < sums.Length; i++)
                {
                    sums[i] += moments[prompt][i];
                }
            }

            (double n, double x, double y) = (sums[0], sums[1] / sums[0], sums[2] / sums[0]);
            return ((sums[5] / n) - (x * y)) / Math.Sqrt(((sums[3] / n) - (x * x)) * ((sums[4] / n) - (y * y)));
        });

        // Ends at the second distinct value, so in most draws at once.
        bool Varies(IReadOnlyList<int> prompts, Func<(double X, double Y), double> value) =>
            prompts.SelectMany(prompt => pairs[prompt]).Select(value).Distinct().Skip(1).Any();
    }

    /// <summary>Krippendorff's α of all units of the prompts drawn.</summary>
    /// <param name="coincidences">Those of each prompt's units, all over the same values.</param>
    /// <param name="level">What differences between ratings mean.</param>
    public static PromptStatistic Alpha(IReadOnlyList<CoincidenceMatrix> coincidences, MeasurementLevel level)
    {
        ArgumentNullException.ThrowIfNull(coincidences);
        return new PromptStatistic(coincidences.Count, prompts => CoincidenceMatrix.Sum(prompts.Select(prompt => coincidences[prompt])).Alpha(level));
    }

    /// <summary>Cohen's κ of all items of the prompts drawn.</summary>
    /// <param name="confusions">Items of each prompt by the two raters' categories.</param>
    /// <param name="weights">How much a disagreement counts.</param>
    public static PromptStatistic Kappa(IReadOnlyList<int[][]> confusions, KappaWeights weights)
    {
        ArgumentNullException.ThrowIfNull(confusions);
        return new PromptStatistic(confusions.Count, prompts =>
        {
            int[][] sum = [.. confusions[0].Select(row => new int[row.Length])];
            foreach (int prompt in prompts)
            {
                for (int i = 0; i < sum.Length; i++)
                {
                    for (int j = 0; j < sum.Length; j++)
                    {
                        sum[i][j] += confusions[prompt][i][j];
                    }
                }
            }

            return CohenKappa.OfConfusion(sum, weights).Kappa;
        });
    }

    /// <summary>Any number of how often each prompt was drawn.</summary>
    /// <param name="prompts">How many prompts there are.</param>
    /// <param name="value">Given a number for each prompt, 0 for those that were not drawn; NaN where undefined.</param>
    public static PromptStatistic Weighted(int prompts, Func<int[], double> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new PromptStatistic(prompts, drawn =>
        {
            int[] weights = new int[prompts];
            foreach (int prompt in drawn)
            {
                weights[prompt]++;
            }

            return value(weights);
        });
    }

    /// <summary>The mean of several statistics over the same prompts.</summary>
    public static PromptStatistic Mean(IReadOnlyList<PromptStatistic> statistics)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        ArgumentOutOfRangeException.ThrowIfZero(statistics.Count, nameof(statistics));
        return new PromptStatistic(statistics[0].Prompts, prompts => statistics.Average(statistic => statistic.Of(prompts)));
    }

    /// <summary>This minus <paramref name="other"/>, on the same draws.</summary>
    public PromptStatistic Minus(PromptStatistic other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new PromptStatistic(Prompts, prompts => Of(prompts) - other.Of(prompts));
    }

    /// <summary>This times a constant.</summary>
    public PromptStatistic Times(double constant) => new(Prompts, prompts => Of(prompts) * constant);

    /// <summary>This plus a constant.</summary>
    public PromptStatistic Plus(double constant) => new(Prompts, prompts => Of(prompts) + constant);

    /// <summary>The statistic of these prompts, repetitions counting as often as they stand; NaN where it is undefined.</summary>
    public double Of(IReadOnlyList<int> prompts) => _value(prompts);

    /// <summary>The statistic of every prompt once.</summary>
    public double Estimate() => Of([.. Enumerable.Range(0, Prompts)]);

    /// <summary>Bootstraps over prompts.</summary>
    public BootstrapResult Bootstrap(RandomStream stream, int replicates = Statistics.Bootstrap.DefaultReplicates, double level = 0.95) =>
        Statistics.Bootstrap.Run(Prompts, Of, stream, replicates, level);
}
