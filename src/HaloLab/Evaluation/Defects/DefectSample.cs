using HaloLab.Videos;

namespace HaloLab.Evaluation.Defects;

/// <summary>
/// Clips of one model, and which of their patches are defective: those whose quality is below a level (docs/defects.md). A patch that nobody judged is neither defective nor fine. Everything
/// that is estimated from a sample can be resampled by prompt.
/// </summary>
public sealed class DefectSample
{
    private readonly int[] _promptOf;
    private readonly int[] _defective;
    private readonly int[] _judged;

    /// <param name="clips">At least one; each with a judged patch, and all on one grid.</param>
    /// <param name="level">Patches below it are defective.</param>
    /// <exception cref="ArgumentException">There is no clip, grids differ, or qualities do not fill theirs.</exception>
    public DefectSample(IReadOnlyList<JudgedClip> clips, double level)
    {
        ArgumentNullException.ThrowIfNull(clips);
        if (clips.Count == 0 || clips.Any(clip => clip.Grid != clips[0].Grid || clip.Qualities.Count != clip.Grid.Count || clip.Qualities.All(double.IsNaN)))
        {
            throw new ArgumentException("Expected at least one clip, all on one grid with a quality for each of its cells, of which one or more is no NaN.", nameof(clips));
        }

        (Clips, Level, Grid) = (clips, level, clips[0].Grid);
        Prompts = [.. clips.Select(clip => clip.Prompt).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> places = Prompts.Index().ToDictionary(item => item.Item, item => item.Index, StringComparer.Ordinal);
        _promptOf = [.. clips.Select(clip => places[clip.Prompt])];
        _defective = [.. clips.Select(clip => clip.Qualities.Count(quality => quality < level))];
        _judged = [.. clips.Select(clip => clip.Qualities.Count(quality => !double.IsNaN(quality)))];
        InTopHalf = TopHalf([.. clips.Select(clip => clip.VideoScore)]);
    }

    public IReadOnlyList<JudgedClip> Clips { get; }

    public double Level { get; }

    public PatchGrid Grid { get; }

    /// <summary>The prompts, in the order of their code points.</summary>
    public IReadOnlyList<string> Prompts { get; }

    /// <summary>For each clip whether its video score is in the top half.</summary>
    public IReadOnlyList<bool> InTopHalf { get; }

    /// <summary>
    /// The top half of scores: those that are not below the median (of an even number the upper one). Where scores tie at the median, more than half are in it.
    /// </summary>
    public static bool[] TopHalf(IReadOnlyList<double> scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        double median = scores.Order().ElementAtOrDefault(scores.Count / 2);
        return [.. scores.Select(score => score >= median)];
    }

    /// <summary>The number of a clip's prompt in <see cref="Prompts"/>.</summary>
    public int PromptOf(int clip) => _promptOf[clip];

    /// <summary>Number of a clip's patches that are defective.</summary>
    public int Defective(int clip) => _defective[clip];

    /// <summary>Number of a clip's patches that were judged.</summary>
    public int Judged(int clip) => _judged[clip];

    public bool IsJudged(int clip, int cell) => !double.IsNaN(Clips[clip].Qualities[cell]);

    public bool IsDefective(int clip, int cell) => Clips[clip].Qualities[cell] < Level;

    /// <summary>A measure over all clips.</summary>
    public PromptStatistic Share(DefectMeasure measure)
    {
        ArgumentNullException.ThrowIfNull(measure);
        return Ratio(clip => measure.Amount(this, clip), clip => measure.Of(this, clip));
    }

    /// <summary>A measure of each prompt for which there is something to count.</summary>
    public IReadOnlyDictionary<string, double> ByPrompt(DefectMeasure measure)
    {
        ArgumentNullException.ThrowIfNull(measure);
        return Enumerable.Range(0, Clips.Count).GroupBy(PromptOf)
            .Select(clips => (Prompt: Prompts[clips.Key], Of: clips.Sum(clip => measure.Of(this, clip)), Amount: clips.Sum(clip => measure.Amount(this, clip))))
            .Where(item => item.Of > 0).ToDictionary(item => item.Prompt, item => item.Amount / item.Of, StringComparer.Ordinal);
    }

    /// <summary>For each cell the share of clips in which it is defective, of those in which it was judged; NaN where it never was.</summary>
    public double[] Map() => [.. Enumerable.Range(0, Grid.Count).Select(cell =>
        (double)Enumerable.Range(0, Clips.Count).Count(clip => IsDefective(clip, cell)) / Enumerable.Range(0, Clips.Count).Count(clip => IsJudged(clip, cell)))];

    /// <summary>Σ amount / Σ of over clips, to be resampled by prompt.</summary>
    internal PromptStatistic Ratio(Func<int, double> amount, Func<int, double> of)
    {
        double[] amounts = new double[Prompts.Count];
        double[] totals = new double[Prompts.Count];
        for (int clip = 0; clip < Clips.Count; clip++)
        {
            amounts[_promptOf[clip]] += amount(clip);
            totals[_promptOf[clip]] += of(clip);
        }

        return PromptStatistic.Ratio(amounts, totals);
    }
}
