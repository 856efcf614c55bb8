using HaloLab.Evaluation;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>What one seed's run has to say about the claims. Prompts are numbered in the order of the samples.</summary>
/// <param name="FinalModel">Name of the reward model that the pairs were made with.</param>
/// <param name="Agreement">Grades and rewards of the untuned generator's samples.</param>
/// <param name="Judgements">Judgements by arm.</param>
/// <param name="CleanRate">Share of flawless clips that count as defective.</param>
internal sealed record Evidence(
    string FinalModel, PatchAgreement Agreement, IReadOnlyDictionary<string, ArmJudgement> Judgements, Interval CleanRate)
{
    private readonly string[] _prompts = [.. Agreement.Prompts.Distinct()];

    public int PromptCount => _prompts.Length;

    /// <summary>For every clip the number of its prompt.</summary>
    public int[] PromptOfClip { get; } = Agreement.PromptOfClip();

    /// <summary>Clips of a prompt.</summary>
    public IEnumerable<int> ClipsOf(int prompt) => Enumerable.Range(0, PromptOfClip.Length).Where(clip => PromptOfClip[clip] == prompt);

    /// <summary>The mean of a value over an arm's samples.</summary>
    public PromptStatistic Mean(string arm, Func<SampleJudgement, double> value) => Judgements[arm].ByPrompt(value);

    /// <summary>The mean diversity of an arm's prompts.</summary>
    public PromptStatistic Diversity(string arm) => Judgements[arm].Diversity();

    /// <summary>Among an arm's samples in the top half of the learned scorer: the share that holds a defective patch.</summary>
    public PromptStatistic RateInTopHalf(string arm, double threshold)
    {
        double[] scores = [.. Judgements[arm].Rows.Select(row => row.LearnedScore).Order()];
        double median = scores[scores.Length / 2];
        return Judgements[arm].ByPrompt(row => row.Severities.Max() > threshold ? 1 : 0, row => row.LearnedScore >= median);
    }
}
