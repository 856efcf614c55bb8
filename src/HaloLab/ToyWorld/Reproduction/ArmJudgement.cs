using HaloLab.Evaluation;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>What both evaluation methods say about the samples of one arm.</summary>
/// <param name="Rows">One for each sample, prompt by prompt.</param>
/// <param name="DiversityOfPrompt">For each prompt, how different its samples are: root mean square difference of their pixels, 0 to 1.</param>
public sealed record ArmJudgement(IReadOnlyList<SampleJudgement> Rows, IReadOnlyList<double> DiversityOfPrompt)
{
    /// <summary>The mean of a measure over the samples, prompts drawn again.</summary>
    /// <param name="measure">The measure of a sample.</param>
    /// <param name="stream">Draws the prompts.</param>
    public BootstrapResult Mean(Func<SampleJudgement, double> measure, RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(measure);
        return OverPrompts([.. Rows.Select(measure)], stream);
    }

    /// <summary>The mean difference to another arm's samples of the same prompts and noise, prompts drawn again.</summary>
    /// <param name="other">The other arm.</param>
    /// <param name="measure">The measure of a sample.</param>
    /// <param name="stream">Draws the prompts.</param>
    /// <exception cref="ArgumentException">The other arm was judged on other prompts.</exception>
    public BootstrapResult Difference(ArmJudgement other, Func<SampleJudgement, double> measure, RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(measure);
        return Rows.Select(row => row.Prompt).SequenceEqual(other.Rows.Select(row => row.Prompt))
            ? OverPrompts([.. Rows.Zip(other.Rows, (mine, theirs) => measure(mine) - measure(theirs))], stream)
            : throw new ArgumentException("The two arms were judged on different prompts.", nameof(other));
    }

    /// <summary>The mean of a measure over the samples, prompt by prompt in the order of the samples.</summary>
    /// <param name="measure">The measure of a sample.</param>
    /// <param name="counts">Which samples count; null: all.</param>
    internal PromptStatistic ByPrompt(Func<SampleJudgement, double> measure, Func<SampleJudgement, bool>? counts = null)
    {
        string[] prompts = [.. Rows.Select(row => row.Prompt).Distinct()];
        double[] sums = new double[prompts.Length];
        double[] counted = new double[prompts.Length];
        foreach (SampleJudgement row in Rows.Where(counts ?? (_ => true)))
        {
            int prompt = Array.IndexOf(prompts, row.Prompt);
            sums[prompt] += measure(row);
            counted[prompt]++;
        }

        return PromptStatistic.Ratio(sums, counted);
    }

    /// <summary>The mean diversity of the prompts.</summary>
    internal PromptStatistic Diversity() => PromptStatistic.Ratio([.. DiversityOfPrompt], [.. DiversityOfPrompt.Select(_ => 1.0)]);

    private BootstrapResult OverPrompts(double[] values, RandomStream stream) =>
        Bootstrap.Clustered([.. Rows.Select(row => row.Prompt)], rows => rows.Average(i => values[i]), stream);
}
