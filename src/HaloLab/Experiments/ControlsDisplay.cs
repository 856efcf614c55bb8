using System.Globalization;
using HaloLab.Displays;
using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>The controls of scorers as parts of a page.</summary>
internal static class ControlsDisplay
{
    /// <summary>What it is, a table of differences, and what no score notices.</summary>
    public static IEnumerable<HtmlFragment> Of(IReadOnlyList<ScorerControls> scorers) =>
    [
        HtmlFragment.Of($"<p>Scores minus those of the same clips with the prompt of another clip, with their frames in random order, backwards, and black: mean and 95 % interval over clips. A scorer that reads prompts and sees motion has differences here.</p>"),
        Table(scorers).ToHtml(),
        HtmlFragment.Of($"<ul>{scorers.SelectMany(scorer => scorer.Warnings).Select(warning => HtmlFragment.Of($"<li><b>{warning}</b></li>"))}</ul>"),
    ];

    private static DataTable Table(IReadOnlyList<ScorerControls> scorers) => new(
        [new TableColumn("score"), .. ScorerControls.Changes.Select(change => new TableColumn(Words(change)))],
        [.. scorers.SelectMany(scorer => scorer.Dimensions.Select((dimension, d) => (IReadOnlyList<object?>)
        [
            $"{scorer.Scorer} {dimension}", .. ScorerControls.Changes.Select(change => Cell(scorer.Difference(change, d))),
        ]))]);

    private static string Cell((Interval Difference, int Clips) item) => item.Clips < ScorerControls.LeastClips
        ? string.Create(CultureInfo.InvariantCulture, $"too few clips ({item.Clips})")
        : $"{Two(item.Difference.Estimate)} ({Two(item.Difference.Low)} to {Two(item.Difference.High)})";

    private static string Two(double value) => DisplayNumber.Format(value, "0.00");

    private static string Words(ClipControl change) => change switch
    {
        ClipControl.OtherPrompt => "other prompt",
        ClipControl.ShuffledFrames => "shuffled frames",
        ClipControl.ReversedTime => "reversed time",
        _ => "black video",
    };
}
