using HaloLab.Evaluation;
using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>
/// Turns a statistic measured once per seed into a judged comparison (DESIGN D7). With one seed the interval resamples prompts and holds given
/// the trained models; with several it is a t interval over the seeds' values and generalises over training.
/// </summary>
/// <param name="runSeed">Seed of the resampling.</param>
/// <param name="level">Level of the intervals.</param>
public sealed class ComparisonJudge(long runSeed, double level = 0.95)
{
    /// <summary>Number of bootstrap replicates with one seed.</summary>
    public const int Replicates = 4000;

    /// <summary>Judges a comparison.</summary>
    /// <param name="measure">What is compared; also names the stream of the resampling.</param>
    /// <param name="rule">Threshold and direction, declared before the run.</param>
    /// <param name="perSeed">The statistic of each seed, over its own prompts.</param>
    /// <param name="lowShift">Added to the lower end: the uncertainty of a constant that the statistic was compared with.</param>
    /// <param name="highShift">Added to the upper end.</param>
    public ClaimComparison Judge(string measure, ClaimRule rule, IReadOnlyList<PromptStatistic> perSeed, double lowShift = 0, double highShift = 0)
    {
        ArgumentNullException.ThrowIfNull(perSeed);
        (Interval interval, double standardError) = Measure(measure, perSeed);
        double mde = perSeed.Count == 1 ? SmallestDetectableEffect.Normal(standardError, level) : SmallestDetectableEffect.StudentT(standardError, perSeed.Count - 1, level);
        interval = interval with { Low = interval.Low + lowShift, High = interval.High + highShift };
        return new ClaimComparison(
            measure,
            perSeed.Count == 1 ? "prompt" : "seed",
            interval.Estimate,
            interval.Low,
            interval.High,
            level,
            perSeed.Count == 1 ? perSeed[0].Prompts : perSeed.Count,
            perSeed.Count,
            rule.Threshold,
            rule.Direction,
            rule.Judge(interval),
            mde);
    }

    /// <summary>
    /// Two-sided p-value of the measure being at the rule's threshold: with one seed by the normal distribution with the standard error over prompts, with several by a t
    /// test over the seeds' values; NaN where every seed says exactly the threshold.
    /// </summary>
    /// <inheritdoc cref="Judge"/>
    public double PValue(string measure, ClaimRule rule, IReadOnlyList<PromptStatistic> perSeed)
    {
        ArgumentNullException.ThrowIfNull(perSeed);
        (Interval interval, double standardError) = Measure(measure, perSeed);
        double deviations = (interval.Estimate - rule.Threshold) / standardError;
        return perSeed.Count == 1 ? Distributions.NormalPValue(deviations, Alternative.TwoSided) : Distributions.StudentPValue(deviations, perSeed.Count - 1, Alternative.TwoSided);
    }

    private (Interval Interval, double StandardError) Measure(string measure, IReadOnlyList<PromptStatistic> perSeed)
    {
        if (perSeed.Count == 1)
        {
            BootstrapResult result = perSeed[0].Bootstrap(new RandomStream(runSeed, "claim " + measure), Replicates, level);
            return (result.Bca.IsDefined ? result.Bca : result.Percentile, result.StandardError);
        }

        double[] values = [.. perSeed.Select(statistic => statistic.Estimate())];
        return (Interval.OfMean(values, level), Moments.StandardDeviation(values) / Math.Sqrt(values.Length));
    }
}
