using HaloLab.Evaluation.Defects;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Experiments.Defects;

/// <summary>
/// Labels of patches as a judge of defects: of each patch the mean grade over annotators, each counting once with the first answer; where patches have kinds of defects and no grades, the share of annotators
/// who found nothing wrong. Answers without one (refused, can't tell) are missing ones.
/// </summary>
public sealed class LabelledPatches
{
    private readonly string _path;
    private readonly Label[] _ofPatches;
    private readonly Label[] _ofClips;
    private readonly RatingScale? _scale;
    private readonly bool _hasGrades;

    private LabelledPatches(string path, string judge, PatchGrid grid, Label[] ofPatches, Label[] ofClips)
    {
        (_path, Judge, Grid, _ofPatches, _ofClips) = (path, judge, grid, ofPatches, ofClips);
        _hasGrades = Array.Exists(ofPatches, label => label.Value is not null);
        _scale = OneScale(ofPatches[0].Dimension, ofPatches);
        Clips = [.. ofPatches.Select(label => label.Clip).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>What was asked, and who answered.</summary>
    public string Judge { get; }

    public PatchGrid Grid { get; }

    /// <summary>Content hashes of the clips whose patches have labels.</summary>
    public IReadOnlyCollection<string> Clips { get; }

    /// <summary>Reads the current labels of a store. People, teachers and simulated annotators are never mixed.</summary>
    /// <param name="store">The labels.</param>
    /// <param name="dimension">What patches were judged on; null: the only one that there is.</param>
    /// <param name="annotators">Whose; empty for all people, all teachers where there are no people, or all simulated annotators where there are neither.</param>
    /// <param name="grid">Which patches; null: those that labels are about, where they are on one grid.</param>
    /// <exception cref="InputException">There are none, or several and it is not said which.</exception>
    public static LabelledPatches Read(LabelStore store, string? dimension, IReadOnlyCollection<string> annotators, PatchGrid? grid)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(annotators);
        Label[] answers = [.. store.Read(LabelQuery.All).Select(stored => stored.Label).Where(label => label is { Unanswered: null, OtherClip: null } && !TrainingDimension.Is(label.Dimension))];
        if (annotators.FirstOrDefault(name => !Array.Exists(answers, label => label.Annotator == name)) is { } stranger)
        {
            throw new InputException($"{store.Path}: has no label of '{stranger}'. Annotators: {Listed(answers.Select(label => label.Annotator))}.");
        }

        Label[] patches = [.. answers.Where(label => label.Grid is not null && (annotators.Count == 0 || annotators.Contains(label.Annotator)))];
        AnnotatorKind[] kinds = [.. new[] { AnnotatorKind.Human, AnnotatorKind.Model, AnnotatorKind.Simulated }.Where(kind => Array.Exists(patches, label => label.AnnotatorKind == kind))];
        Refuse(kinds.Length == 0, $"{store.Path}: has no label of a patch{(annotators.Count == 0 ? "" : $" by {string.Join(", ", annotators)}")}. Expected grades or kinds of defects of patches.");
        Refuse(annotators.Count > 0 && kinds.Length > 1, $"{string.Join(", ", annotators)}: people, teachers and simulated annotators are never mixed. Name annotators of one kind.");
        patches = [.. patches.Where(label => label.AnnotatorKind == kinds[0])];
        string[] dimensions = [.. patches.Select(label => label.Dimension).Distinct().Order(StringComparer.Ordinal)];
        Refuse(dimension is not null && !dimensions.Contains(dimension), $"{store.Path}: has no patch judged on '{dimension}'. Dimensions of patches: {string.Join(", ", dimensions)}.");
        Refuse(dimension is null && dimensions.Length > 1, $"{store.Path}: patches are judged on several dimensions ({string.Join(", ", dimensions)}). Name one with --dimension.");
        patches = [.. patches.Where(label => label.Dimension == (dimension ?? dimensions[0]))];
        PatchGrid[] grids = [.. patches.Select(label => label.Grid!.Value).Distinct()];
        Refuse(grid is { } asked && !grids.Contains(asked), $"{store.Path}: has no patches of {grid}. Grids: {string.Join(", ", grids)}.");
        Refuse(grid is null && grids.Length > 1, $"{store.Path}: patches are on several grids ({string.Join(", ", grids)}). Name one with --grid.");
        PatchGrid chosen = grid ?? grids[0];
        patches = [.. patches.Where(label => label.Grid == chosen)];
        HashSet<string> names = [.. patches.Select(label => label.Annotator)];
        string what = kinds[0] switch { AnnotatorKind.Human => "people", AnnotatorKind.Model => "a teacher", _ => "simulated annotators" };
        return new LabelledPatches(
            store.Path,
            $"'{patches[0].Dimension}' by {what} ({Listed(names)})",
            chosen,
            patches,
            [.. answers.Where(label => label.Grid is null && label.Value is not null && label.AnnotatorKind == kinds[0] && (annotators.Count == 0 || annotators.Contains(label.Annotator)))]);
    }

    /// <summary>What the labels say of the patches of clips.</summary>
    /// <param name="files">For each file its clip.</param>
    public PatchVerdicts Verdicts(IReadOnlyDictionary<string, string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        ILookup<string, Label> ofClip = _ofPatches.ToLookup(label => label.Clip, StringComparer.Ordinal);
        return new PatchVerdicts(
            Judge,
            Grid,
            !_hasGrades ? (0, 1) : _scale is { } scale ? (Math.Min(scale.Worst, scale.Best), Math.Max(scale.Worst, scale.Best)) : null,
            files.Where(file => ofClip.Contains(file.Value)).ToDictionary(file => file.Key, file => Verdict(ofClip[file.Value]), StringComparer.Ordinal));
    }

    /// <summary>What the same annotators say of clips as a whole: the mean over annotators and dimensions.</summary>
    /// <param name="files">For each file its clip.</param>
    /// <param name="wanted">The dimension; null: all of them, where they share a scale.</param>
    /// <exception cref="InputException">There is none, or scales differ.</exception>
    public VideoVerdicts Videos(IReadOnlyDictionary<string, string> files, string? wanted)
    {
        ArgumentNullException.ThrowIfNull(files);
        string[] dimensions = [.. _ofClips.Select(label => label.Dimension).Distinct().Order(StringComparer.Ordinal)];
        Refuse(dimensions.Length == 0, $"{_path}: has no rating of a whole video by the same annotators. Give the score of videos that is to be held against patches with --with KIND:FOLDER or --scores FILE.");
        Refuse(wanted is not null && !dimensions.Contains(wanted), $"--video-score {wanted}: expected one of {string.Join(", ", dimensions)}.");
        Label[] used = [.. _ofClips.Where(label => wanted is null || label.Dimension == wanted)];
        OneScale("whole videos", used);
        ILookup<string, Label> ofClip = used.ToLookup(label => label.Clip, StringComparer.Ordinal);
        string name = wanted ?? (dimensions.Length == 1 ? dimensions[0] : "mean grade");
        return new VideoVerdicts(
            $"{name} of the whole video by the same annotators",
            files.Where(file => ofClip.Contains(file.Value)).ToDictionary(file => file.Key, file => First(ofClip[file.Value], label => label.Dimension).Average(Rising), StringComparer.Ordinal));
    }

    /// <summary>Whether patches are defective by these labels, for those that have any: what a level for another judge's qualities can be chosen by.</summary>
    /// <param name="qualities">The other judge's verdicts on the same grid.</param>
    /// <param name="files">For each file its clip.</param>
    /// <exception cref="InputException">No patch has both, grids differ, or the labels' scale has no middle.</exception>
    public DefectLevel LevelFor(PatchVerdicts qualities, IReadOnlyDictionary<string, string> files)
    {
        ArgumentNullException.ThrowIfNull(qualities);
        PatchVerdicts own = Verdicts(files);
        Refuse(own.Grid != qualities.Grid, $"{_path}: has labels of patches on {own.Grid}, and the rewards are on {qualities.Grid}. Score with --grid {own.Grid}.");
        (double worst, double best) = own.Scale ?? throw new InputException($"{_path}: the labels' scale has no ends, so what people call defective is not known. Give --defect-below LEVEL.");
        double level = DefectLevel.Middle(worst, best).Value;
        (double Quality, bool IsDefective)[] both =
        [
            .. own.Clips.Where(clip => qualities.Clips.ContainsKey(clip.Key)).OrderBy(clip => clip.Key, StringComparer.Ordinal)
                .SelectMany(clip => clip.Value.Qualities.Zip(qualities.Clips[clip.Key].Qualities, (label, quality) => (quality, label)))
                .Where(patch => !double.IsNaN(patch.label) && !double.IsNaN(patch.quality)).Select(patch => (patch.quality, patch.label < level)),
        ];
        Refuse(both.Length == 0, $"{_path}: none of its labelled clips is among the clips. Give the folder of the labelled clips, or --defect-below LEVEL.");
        return DefectLevel.OfPeople([.. both.Select(patch => patch.Quality)], [.. both.Select(patch => patch.IsDefective)]) with { Origin = $"where {Judge} call patches defective (below {level:0.###})" };
    }

    private (IReadOnlyList<double> Qualities, IReadOnlyList<DefectType?>? Kinds) Verdict(IEnumerable<Label> labels)
    {
        double[] qualities = new double[Grid.Count];
        DefectType?[] kinds = new DefectType?[Grid.Count];
        Array.Fill(qualities, double.NaN);
        bool hasKinds = false;
        foreach (IGrouping<int, Label> cell in labels.GroupBy(label => label.Cell!.Value))
        {
            Label[] answers = First(cell, _ => "");
            double[] values = [.. answers.Where(label => !_hasGrades || label.Value is not null).Select(label => _hasGrades ? Rising(label) : label.Defect == DefectType.None ? 1 : 0)];
            qualities[cell.Key] = values.Length == 0 ? double.NaN : values.Average();
            kinds[cell.Key] = answers.Select(label => label.Defect).OfType<DefectType>().Where(kind => kind != DefectType.None)
                .GroupBy(kind => kind).OrderByDescending(same => same.Count()).ThenBy(same => same.Key).Select(same => (DefectType?)same.Key).FirstOrDefault();
            hasKinds |= Array.Exists(answers, label => label.Defect is not null);
        }

        return (qualities, hasKinds ? kinds : null);
    }

    /// <summary>Each annotator's first answer.</summary>
    private static Label[] First(IEnumerable<Label> labels, Func<Label, string> question) => [.. labels.DistinctBy(label => (label.Annotator, question(label)))];

    /// <summary>The value, turned round where less is better.</summary>
    private static double Rising(Label label) => label.Scale is { } scale && scale.Worst > scale.Best ? scale.Worst + scale.Best - label.Value!.Value : label.Value!.Value;

    private RatingScale? OneScale(string what, Label[] labels) =>
        RatingScale.OneOf(labels.Where(label => label.Value is not null).Select(label => label.Scale), _path, $"{what} were", "Choose annotators or a dimension that share one.");

    private static string Listed(IEnumerable<string> names)
    {
        string[] distinct = [.. names.Distinct().Order(StringComparer.Ordinal)];
        return string.Join(", ", distinct.Take(8)) + (distinct.Length > 8 ? ", …" : "");
    }

    private static void Refuse(bool isWrong, string message)
    {
        if (isWrong)
        {
            throw new InputException(message);
        }
    }
}
