using HaloLab.Evaluation;
using HaloLab.Experiments;
using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics.Coverage;

/// <summary>
/// Samples as the program's own are: prompts are the independent units, a prompt's clips and cells have something in common, and no distribution is assumed known. Which statistics are
/// <see cref="WellBehaved"/> was written down before any coverage was measured: means, differences of paired units, shares and win rates away from 0 and 1, and intervals that are exact for the distribution drawn.
/// </summary>
internal static class IntervalCases
{
    /// <summary>Prompts of a sample; the fewest that coverage is promised for.</summary>
    public const int Prompts = 40;

    private const int Clips = 4;
    private const int Cells = 8;
    private const double Rho = 0.5;

    /// <summary>Spearman's ρ of normal variables with correlation <see cref="Rho"/> (Pearson 1907).</summary>
    private static readonly double RankRho = 6 / Math.PI * Math.Asin(Rho / 2);

    public static IReadOnlyList<IntervalCase> WellBehaved { get; } =
    [
        new("mean, Student's t", "40 normal values", 2, stream => Interval.OfMean(Normal(stream, Prompts, 2))),
        new("claim over five seeds, Student's t", "5 normal values", 0.1, stream =>
            Of(new ComparisonJudge(1).Judge("five seeds", default, [.. Normal(stream, 5, 0.1).Select(value => PromptStatistic.Ratio([value], [1]))]))),
        new("claim of one seed: difference of means over prompts, BCa", "40 prompts × 4 clips of either arm, normal", 0.3, stream =>
            Of(new ComparisonJudge(stream.NextInt64()).Judge("one seed", default, [MeanOfArm(stream, 0.3, out double[] prompts).Minus(MeanOfArm(stream, 0, prompts))]))),
        new("mean over prompts of unequal size, BCa", "40 prompts × 1 to 6 clips, normal", 1, stream => Unequal(stream).Bootstrap(stream).Bca),
        new("difference of paired prompts, BCa", "40 normal differences", 0.2, stream => PairedDifference.IntervalOfMean(Normal(stream, Prompts, 0.2), stream)),
        new("win rate 0.5, BCa", "40 prompts: 4 in 10 won, 2 tied", 0.5, stream => PairedDifference.IntervalOfMean(Wins(stream, 0.4, 0.2), stream)),
        new("win rate 0.7, BCa", "40 prompts: 6 in 10 won, 2 tied", 0.7, stream => PairedDifference.IntervalOfMean(Wins(stream, 0.6, 0.2), stream)),
        new("share 0.4 of clips, BCa", "40 prompts × 4 clips, a prompt's share 0.2 or 0.6", 0.4, stream => Clustered(stream, 0.2, 0.6).Bca),
        new("share 0.4 of independent trials, Wilson", "40 trials", 0.4, stream => Proportion.Wilson(Successes(stream, 0.4), Prompts)),
        new("same-place accuracy, BCa", "40 prompts × 2 clips × 8 cells, ρ = 0.5", 0.5 + (Math.Asin(Rho) / Math.PI), stream => Agreement(stream, 2, (own, reference, prompts) => HumanAgreement.SamePlaceAccuracy(own, reference, prompts)).Bootstrap(stream).Bca),
        new("Pearson's r, Fisher", "40 normal pairs, ρ = 0.5", Rho, stream =>
        {
            (double[] x, double[] y) = Pairs(stream);
            return Correlation.FisherInterval(Correlation.Pearson(x, y).Estimate, Prompts);
        }),
    ];

    public static IReadOnlyList<IntervalCase> Others { get; } =
    [
        new("mean of skewed values, BCa", "40 exponential values", 1, stream => PairedDifference.IntervalOfMean(Exponential(stream), stream)),
        new("mean of skewed values, Student's t", "40 exponential values", 1, stream => Interval.OfMean(Exponential(stream))),
        new("mean of very skewed values, BCa", "40 log-normal values, σ = 1", Math.Exp(0.5), stream => PairedDifference.IntervalOfMean([.. Normal(stream, Prompts, 0).Select(Math.Exp)], stream)),
        new("difference of few paired prompts, BCa", "6 normal differences", 0.2, stream => PairedDifference.IntervalOfMean(Normal(stream, 6, 0.2), stream)),
        new("difference of 20 paired prompts, BCa", "20 normal differences", 0.2, stream => PairedDifference.IntervalOfMean(Normal(stream, 20, 0.2), stream)),
        new("share 0.02 of clips, BCa", "40 prompts × 4 clips", 0.02, stream => Clustered(stream, 0.02, 0.02).Bca),
        new("share 0.02 of independent trials, Wilson", "40 trials", 0.02, stream => Proportion.Wilson(Successes(stream, 0.02), Prompts)),
        new("share 0.4 of independent trials, Clopper and Pearson", "40 trials", 0.4, stream => Proportion.ClopperPearson(Successes(stream, 0.4), Prompts)),
        new("share 0.02 of independent trials, Clopper and Pearson", "40 trials", 0.02, stream => Proportion.ClopperPearson(Successes(stream, 0.02), Prompts)),
        new("Spearman's ρ, BCa", "40 normal pairs, ρ = 0.5", RankRho, stream => OfPairs(stream, (x, y) => Correlation.Spearman(x, y).Estimate)),
        new("Kendall's τ-b, BCa", "40 normal pairs, ρ = 0.5", 2 / Math.PI * Math.Asin(Rho), stream => OfPairs(stream, (x, y) => Correlation.KendallTauB(x, y, PValueMethod.Normal).Estimate)),
        new("pooled Spearman, BCa", "40 prompts × 2 clips × 8 cells, ρ = 0.5", RankRho, stream => Agreement(stream, 2, HumanAgreement.PooledSpearman).Bootstrap(stream).Bca),

        // What is expected of 8 pairs, which is less than the population's (Moran 1948).
        new("within-clip Spearman, BCa", "40 prompts × 2 clips × 8 cells, ρ = 0.5", 6 / (Math.PI * (Cells + 1)) * (Math.Asin(Rho) + ((Cells - 2) * Math.Asin(Rho / 2))), stream => Agreement(stream, 2, HumanAgreement.WithinClipSpearman).Bootstrap(stream).Bca),
        new("Gini's coefficient, BCa", "40 exponential amounts", 0.5, stream => Bootstrap.Run(Exponential(stream), sample => GiniCoefficient.Of(sample), stream).Bca),
        new("median, percentile", "40 exponential values", Math.Log(2), stream => Bootstrap.Run(Exponential(stream), sample => Quantile(sample, 0.5), stream).Percentile),
        new("quantile 0.9, percentile", "40 exponential values", Math.Log(10), stream => Bootstrap.Run(Exponential(stream), sample => Quantile(sample, 0.9), stream).Percentile),
        new("Cohen's κ, BCa", "40 prompts × 4 items, 3 categories, κ = 0.6", 0.6, stream => Kappa(stream).Bootstrap(stream).Bca),
        new("Krippendorff's α, nominal, BCa", "40 prompts × 4 units × 3 raters, 3 categories, α = 0.64", 0.64, stream => Alpha(stream).Bootstrap(stream).Bca),
        new("intraclass correlation, F", "40 targets × 3 raters, normal, 0.5", 0.5, stream =>
            IntraclassCorrelation.Compute([.. Normal(stream, Prompts, 0).Select(target => Normal(stream, 3, target))], IccForm.OneWaySingle).Icc),
        new("mean, jackknife of 20 groups", "40 normal values", 2, stream =>
        {
            double[] values = Normal(stream, Prompts, 2);
            return Jackknife.Grouped(Prompts, units => units.Average(unit => values[unit]), 20).Corrected;
        }),
    ];

    public static double[] Normal(RandomStream stream, int count, double mean) => [.. Enumerable.Range(0, count).Select(_ => mean + stream.NextGaussian())];

    /// <summary>Mean and standard deviation 1.</summary>
    public static double[] Exponential(RandomStream stream, int count = Prompts) => [.. Enumerable.Range(0, count).Select(_ => -Math.Log(1 - stream.NextDouble()))];

    /// <summary>Pairs with correlation <see cref="Rho"/>.</summary>
    public static (double[] X, double[] Y) Pairs(RandomStream stream, double rho = Rho)
    {
        double[] x = Normal(stream, Prompts, 0);
        return (x, [.. x.Select(value => Related(stream, value, rho))]);
    }

    private static double Related(RandomStream stream, double value, double rho) => (rho * value) + (Math.Sqrt(1 - (rho * rho)) * stream.NextGaussian());

    private static Interval Of(ClaimComparison comparison) => new(comparison.Estimate, comparison.CiLow, comparison.CiHigh, comparison.Level);

    /// <summary>The mean of an arm over prompts whose difficulty <paramref name="prompts"/> both arms share.</summary>
    public static PromptStatistic MeanOfArm(RandomStream stream, double mean, out double[] prompts) => MeanOfArm(stream, mean, prompts = Normal(stream, Prompts, 0));

    public static PromptStatistic MeanOfArm(RandomStream stream, double mean, double[] prompts) => PromptStatistic.Ratio(
        [.. prompts.Select(prompt => Normal(stream, Clips, prompt + mean).Sum())],
        [.. prompts.Select(_ => (double)Clips)]);

    private static PromptStatistic Unequal(RandomStream stream)
    {
        double[] prompts = Normal(stream, Prompts, 1);
        int[] clips = [.. prompts.Select(_ => stream.Next(1, 7))];
        return PromptStatistic.Ratio([.. prompts.Zip(clips, (prompt, count) => Normal(stream, count, prompt).Sum())], [.. clips.Select(count => (double)count)]);
    }

    private static double[] Wins(RandomStream stream, double won, double tied) => [.. Enumerable.Range(0, Prompts).Select(_ =>
    {
        double draw = stream.NextDouble();
        return draw < won ? 1 : draw < won + tied ? 0.5 : 0;
    })];

    private static BootstrapResult Clustered(RandomStream stream, double lower, double higher)
    {
        int[] promptOf = [.. Enumerable.Range(0, Prompts * Clips).Select(row => row / Clips)];
        double[] shares = [.. Enumerable.Range(0, Prompts).Select(_ => stream.Next(2) == 0 ? lower : higher)];
        double[] rows = [.. promptOf.Select(prompt => stream.NextDouble() < shares[prompt] ? 1.0 : 0.0)];
        return Bootstrap.Clustered(promptOf, drawn => drawn.Average(row => rows[row]), stream);
    }

    private static int Successes(RandomStream stream, double probability) => Enumerable.Range(0, Prompts).Count(_ => stream.NextDouble() < probability);

    private static Interval OfPairs(RandomStream stream, Func<double[], double[], double> statistic)
    {
        (double[] x, double[] y) = Pairs(stream);
        return Bootstrap.Run(Prompts, drawn => statistic(Array.ConvertAll(drawn, i => x[i]), Array.ConvertAll(drawn, i => y[i])), stream).Bca;
    }

    /// <summary>
    /// Scores and references of cells with correlation <see cref="Rho"/>, both with half of their variance between prompts, which moves neither the order of the cells of a clip nor that of two clips of a prompt.
    /// </summary>
    private static PromptStatistic Agreement(RandomStream stream, int clipsOfPrompt, HumanAgreement.Measure measure)
    {
        List<double[]> scores = [];
        List<double[]> references = [];
        List<int> prompts = [];
        for (int prompt = 0; prompt < Prompts; prompt++)
        {
            double score = stream.NextGaussian();
            double reference = Related(stream, score, Rho);
            for (int clip = 0; clip < clipsOfPrompt; clip++)
            {
                double[] own = Normal(stream, Cells, 0);
                scores.Add(Array.ConvertAll(own, value => score + value));
                references.Add(Array.ConvertAll(own, value => reference + Related(stream, value, Rho)));
                prompts.Add(prompt);
            }
        }

        return measure(scores, references, prompts);
    }

    private static double Quantile(double[] values, double probability)
    {
        double[] sorted = [.. values.Order()];
        double place = probability * (sorted.Length - 1);
        int below = (int)place;
        return sorted[below] + ((place - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]));
    }

    /// <summary>The second rater repeats the first with probability 0.6 and guesses otherwise.</summary>
    private static PromptStatistic Kappa(RandomStream stream) => PromptStatistic.Kappa(
        [.. Enumerable.Range(0, Prompts).Select(_ =>
        {
            int[][] confusion = [new int[3], new int[3], new int[3]];
            for (int item = 0; item < Clips; item++)
            {
                int first = stream.Next(3);
                confusion[first][stream.NextDouble() < 0.6 ? first : stream.Next(3)]++;
            }

            return confusion;
        })],
        KappaWeights.None);

    /// <summary>Every rater sees what is there with probability 0.8 and guesses otherwise, so that two agree beyond chance in 0.64.</summary>
    private static PromptStatistic Alpha(RandomStream stream) => PromptStatistic.Alpha(
        [.. Enumerable.Range(0, Prompts).Select(_ => CoincidenceMatrix.Of(
            [.. Enumerable.Range(0, Clips).Select(_ =>
            {
                int truth = stream.Next(3);
                return Enumerable.Range(0, 3).Select(_ => (double)(stream.NextDouble() < 0.8 ? truth : stream.Next(3))).ToArray();
            })],
            [0, 1, 2]))],
        MeasurementLevel.Nominal);
}
