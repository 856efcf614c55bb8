using System.Globalization;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Evaluation.Defects;

/// <summary>A share that is counted clip by clip, so that two models can be compared by it and prompts resampled.</summary>
/// <param name="Group">What it is one of: time, place, kind.</param>
/// <param name="Name">What is counted.</param>
/// <param name="Amount">Of a clip of a sample, how many are defective.</param>
/// <param name="Of">Out of how many.</param>
public sealed record DefectMeasure(string Group, string Name, Func<DefectSample, int, double> Amount, Func<DefectSample, int, double> Of)
{
    private const string Existence = "existence";

    /// <summary>The share of judged patches that are defective: what alleviation is about.</summary>
    public static DefectMeasure Patches { get; } = new(Existence, "patches that are defective", (sample, clip) => sample.Defective(clip), (sample, clip) => sample.Judged(clip));

    /// <summary>The share of clips that hold a defective patch.</summary>
    public static DefectMeasure Clips { get; } = OfClips("clips with a defective patch", (_, _) => true);

    /// <summary>The same of the clips in the top half: claim C4.</summary>
    public static DefectMeasure TopHalf { get; } = OfClips("top-half clips with a defective patch", (sample, clip) => sample.InTopHalf[clip]);

    /// <summary>The same of the other clips.</summary>
    public static DefectMeasure BottomHalf { get; } = OfClips("other clips with a defective patch", (sample, clip) => !sample.InTopHalf[clip]);

    /// <summary>The share of patches that are defective, at each time step.</summary>
    public static IReadOnlyList<DefectMeasure> Times(PatchGrid grid) =>
        [.. Enumerable.Range(0, grid.Time).Select(t => OfCells("time", string.Create(CultureInfo.InvariantCulture, $"time {t + 1}"), cell => grid.Cell(cell).T == t))];

    /// <summary>The share of patches that are defective, at each row and column, all times together.</summary>
    public static IReadOnlyList<DefectMeasure> Places(PatchGrid grid) =>
        [.. from h in Enumerable.Range(0, grid.Height)
            from w in Enumerable.Range(0, grid.Width)
            select OfCells("place", string.Create(CultureInfo.InvariantCulture, $"row {h + 1}, column {w + 1}"), cell => grid.Cell(cell) is var place && place.H == h && place.W == w)];

    /// <summary>The share of patches that are defective in a way: of each kind that is named in one of the samples.</summary>
    public static IReadOnlyList<DefectMeasure> Kinds(params IReadOnlyList<DefectSample> samples) =>
    [
        .. samples.SelectMany(sample => sample.Clips.SelectMany((clip, i) => (clip.Kinds ?? []).Where((kind, cell) => kind is not null && sample.IsDefective(i, cell)).OfType<DefectType>()))
            .Distinct().Order().Select(kind => new DefectMeasure(
                "kind",
                LabelText.Defects[kind],
                (sample, clip) => sample.Clips[clip].Kinds is { } kinds ? kinds.Where((named, cell) => named == kind && sample.IsDefective(clip, cell)).Count() : 0,
                (sample, clip) => sample.Judged(clip))),
    ];

    private static DefectMeasure OfClips(string name, Func<DefectSample, int, bool> counts) =>
        new(Existence, name, (sample, clip) => counts(sample, clip) && sample.Defective(clip) > 0 ? 1 : 0, (sample, clip) => counts(sample, clip) ? 1 : 0);

    private static DefectMeasure OfCells(string group, string name, Func<int, bool> counts) => new(
        group,
        name,
        (sample, clip) => Enumerable.Range(0, sample.Grid.Count).Count(cell => counts(cell) && sample.IsDefective(clip, cell)),
        (sample, clip) => Enumerable.Range(0, sample.Grid.Count).Count(cell => counts(cell) && sample.IsJudged(clip, cell)));
}
