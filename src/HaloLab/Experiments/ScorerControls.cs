using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>
/// Whether a scorer notices what it should: its scores of clips minus those of the same clips with the prompt of another, with frames in random
/// order, backwards, black. A scorer that does not read the prompt is found out here, whatever its scores look like.
/// </summary>
public sealed class ScorerControls
{
    /// <summary>Fewest clips from which a verdict is drawn.</summary>
    public const int LeastClips = 3;

    private readonly IReadOnlyList<ScoredClip> _rows;
    private readonly bool _isMeasurement;

    /// <param name="scorer">The scorer's name.</param>
    /// <param name="dimensions">What its scores are called.</param>
    /// <param name="rows">What it said of <see cref="ClipsOf"/> and of the clips themselves.</param>
    /// <param name="isMeasurement">Whether it is not expected to read prompts or to know which way time runs (<see cref="HaloLab.Rewards.IVideoScorer.IsMeasurement"/>).</param>
    public ScorerControls(string scorer, IReadOnlyList<string> dimensions, IReadOnlyList<ScoredClip> rows, bool isMeasurement = false) =>
        (Scorer, Dimensions, _rows, _isMeasurement) = (scorer, dimensions, rows, isMeasurement);

    public string Scorer { get; }

    public IReadOnlyList<string> Dimensions { get; }

    /// <summary>What was changed, in order.</summary>
    public static IReadOnlyList<ClipControl> Changes => ClipControls.All;

    /// <summary>The changed clips. Those that have no clip with another prompt beside them are left out of <see cref="ClipControl.OtherPrompt"/>.</summary>
    /// <param name="clips">The clips.</param>
    public static IReadOnlyList<ClipToScore> ClipsOf(IReadOnlyList<ClipToScore> clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        List<ClipToScore> changed = [];
        for (int i = 0; i < clips.Count; i++)
        {
            string? other = Enumerable.Range(1, clips.Count - 1).Select(step => clips[(i + step) % clips.Count].Prompt).FirstOrDefault(prompt => prompt != clips[i].Prompt);
            changed.AddRange(ClipControls.All
                .Where(control => control != ClipControl.OtherPrompt || other is not null)
                .Select(control => clips[i] with { Control = control, Prompt = control == ClipControl.OtherPrompt ? other! : clips[i].Prompt }));
        }

        return changed;
    }

    /// <summary>Mean of the score minus that of the changed clip with its 95 % interval over clips, and the number of clips.</summary>
    /// <param name="control">What was changed.</param>
    /// <param name="dimension">Index of the score.</param>
    public (Interval Difference, int Clips) Difference(ClipControl control, int dimension)
    {
        Dictionary<string, double> own = _rows.Where(row => row.Clip.Control == ClipControl.None && row.Scores is not null).ToDictionary(row => row.Clip.File, row => row.Scores![dimension]);
        (double Own, double Changed)[] pairs =
            [.. _rows.Where(row => row.Clip.Control == control && row.Scores is not null && own.ContainsKey(row.Clip.File)).Select(row => (own[row.Clip.File], row.Scores![dimension]))];
        return (Interval.OfPairedDifference([.. pairs.Select(pair => pair.Own)], [.. pairs.Select(pair => pair.Changed)]), pairs.Length);
    }

    /// <summary>Whether any score tells the changed clips from the true ones; null with fewer than <see cref="LeastClips"/> clips.</summary>
    /// <param name="control">What was changed.</param>
    public bool? Notices(ClipControl control)
    {
        (Interval Difference, int Clips)[] differences = [.. Dimensions.Select((_, d) => Difference(control, d))];
        return differences[0].Clips < LeastClips ? null : differences.Any(item => item.Difference.Low > 0 || item.Difference.High < 0);
    }

    /// <summary>What the scorer does not notice and should, a sentence each.</summary>
    public IReadOnlyList<string> Warnings => [.. Changes.Where(change => Notices(change) == false && !(_isMeasurement && change is (ClipControl.OtherPrompt or ClipControl.ReversedTime))).Select(change => $"{Scorer}: {Warning(change)}.")];

    /// <summary>What a change that is not noticed means, in words.</summary>
    /// <param name="control">What was changed.</param>
    public static string Warning(ClipControl control) => control switch
    {
        ClipControl.OtherPrompt => "no score tells the clip's own prompt from another's: the prompt seems not to be read, or not to be compared with the video",
        ClipControl.ShuffledFrames => "no score tells frames in random order from a video: motion seems not to be seen",
        ClipControl.ReversedTime => "no score tells time running backwards",
        ClipControl.BlackVideo => "no score tells the clips from black ones: the picture seems not to be seen",
        _ => throw new ArgumentOutOfRangeException(nameof(control), control, "Nothing was changed."),
    };
}
