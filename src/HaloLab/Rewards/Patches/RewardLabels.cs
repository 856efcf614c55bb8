using System.Security.Cryptography;
using System.Text.Json;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;

namespace HaloLab.Rewards.Patches;

/// <summary>
/// Labels of a store as a reward model learns from them: grades of patches, ratings of clips, comparisons of clips. A question that was asked several times is a soft label:
/// each answer is an entry, and the weights of a question's entries add up to the mean of its answers' weights, so that it counts as one question.
/// </summary>
public sealed class RewardLabels
{
    private RewardLabels(
        IReadOnlyList<LabelledClip> clips,
        IReadOnlyList<(string Name, GradeRange? Grades)> patchDimensions,
        IReadOnlyList<PatchGrade> patches,
        IReadOnlyList<ClipRating> ratings,
        IReadOnlyList<ClipComparison> comparisons) =>
        (Clips, PatchDimensions, Patches, Ratings, Comparisons) = (clips, patchDimensions, patches, ratings, comparisons);

    /// <summary>Every clip that a label is about, in the order of clip and prompt.</summary>
    public IReadOnlyList<LabelledClip> Clips { get; }

    /// <summary>What patches were graded on, and the scale where grades are whole.</summary>
    public IReadOnlyList<(string Name, GradeRange? Grades)> PatchDimensions { get; }

    public IReadOnlyList<PatchGrade> Patches { get; }

    public IReadOnlyList<ClipRating> Ratings { get; }

    public IReadOnlyList<ClipComparison> Comparisons { get; }

    /// <summary>Number of patches with a label, in any dimension.</summary>
    public int LabelledPatches => Patches.Select(grade => (grade.Clip, grade.Grid, grade.Cell)).Distinct().Count();

    /// <summary>Reads the labels of a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="options">Which.</param>
    /// <param name="rewards">What the backbone's video rewards are called.</param>
    /// <exception cref="InputException">There is none that fits, a choice is open, a value is not on its scale, scales differ, or a clip has no prompt.</exception>
    public static RewardLabels Read(LabelStore store, RewardLabelOptions options, IReadOnlyList<string> rewards)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(rewards);
        Label[] all = [.. store.Read(LabelQuery.All).Select(stored => stored.Label)];
        if (all.Length == 0)
        {
            throw new InputException($"{store.Path}: holds no label. Bring some in with `halolab data import`.");
        }

        foreach (string name in (options.Annotators ?? []).Concat(options.AnnotatorWeights.Keys))
        {
            Refuse(!Array.Exists(all, label => label.Annotator == name), $"{store.Path}: has no label of '{name}'. Annotators: {Listed(all.Select(label => label.Annotator))}.");
        }

        Label[] used = [.. all.Where(label => label.Unanswered is null && Weight(label, options) > 0 && options.Annotators?.Contains(label.Annotator) != false)];
        Label[] ofPatches = [.. used.Where(label => label is { Grid: not null, Value: not null, OtherClip: null })];
        Label[] ofClips = [.. used.Where(label => label.Grid is null && (label.Value is not null || label.Choice is not null))];
        string[] patchNames = PatchNames(store.Path, ofPatches, options);
        Dictionary<string, int> rewardOf = RewardNames(store.Path, ofClips, options, rewards);
        ofPatches = [.. ofPatches.Where(label => patchNames.Contains(label.Dimension))];
        ofClips = [.. ofClips.Where(label => rewardOf.ContainsKey(label.Dimension))];
        Refuse(ofPatches.Length + ofClips.Length == 0, $"{store.Path}: has no label to learn from: no grade of a patch, no rating and no comparison of clips in the dimensions asked for.");

        Dictionary<string, string> prompts = [];
        foreach (ClipFile file in store.ReadClips().Where(file => file.Prompt is not null))
        {
            prompts.TryAdd(file.Clip, file.Prompt!);
        }

        LabelledClip Of(Label label, string clip) => new(clip, label.Prompt ?? prompts.GetValueOrDefault(clip)
            ?? throw new InputException($"{store.Path}: the prompt of clip {clip} is not known, and rewards depend on it. Give labels with their prompts."));
        LabelledClip[] clips =
        [
            .. ofPatches.Concat(ofClips).SelectMany(label => label.OtherClip is null ? new[] { Of(label, label.Clip) } : [Of(label, label.Clip), Of(label, label.OtherClip)])
                .Distinct().OrderBy(item => item.Clip, StringComparer.Ordinal).ThenBy(item => item.Prompt, StringComparer.Ordinal),
        ];
        Dictionary<LabelledClip, int> place = clips.Index().ToDictionary(item => item.Item, item => item.Index);
        RatingScale?[] scales = [.. patchNames.Select(name => ScaleOf(store.Path, name, ofPatches))];
        foreach (string name in rewardOf.Keys)
        {
            ScaleOf(store.Path, name, ofClips.Where(label => label.Value is not null));
        }

        return new RewardLabels(
            clips,
            [.. patchNames.Zip(scales, (name, scale) => (name, scale is { IsWhole: true } whole ? new GradeRange((int)Math.Min(whole.Worst, whole.Best), (int)Math.Max(whole.Worst, whole.Best)) : (GradeRange?)null))],
            [.. Soft(ofPatches, label => (Clip: place[Of(label, label.Clip)], Grid: label.Grid!.Value.ToString(), Cell: label.Cell!.Value, Dimension: Array.IndexOf(patchNames, label.Dimension)), options)
                .Select(item => new PatchGrade(item.Question.Clip, item.Label.Grid!.Value, item.Question.Cell, item.Question.Dimension, Rising(store.Path, item.Label), item.Weight))],
            [.. Soft(ofClips.Where(label => label.Value is not null), label => (Clip: place[Of(label, label.Clip)], Dimension: rewardOf[label.Dimension]), options)
                .Select(item => new ClipRating(item.Question.Clip, item.Question.Dimension, Rising(store.Path, item.Label), item.Weight))],
            [.. Soft(ofClips.Where(label => label.Choice is not null), label => Pair(place[Of(label, label.Clip)], place[Of(label, label.OtherClip!)], rewardOf[label.Dimension]), options)
                .Select(item => new ClipComparison(item.Question.A, item.Question.B, item.Question.Dimension, Choice(item.Label, place[Of(item.Label, item.Label.Clip)] == item.Question.A), item.Weight))]);
    }

    /// <summary>The labels of some clips; places stay what they are.</summary>
    public RewardLabels Of(IReadOnlySet<int> clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        return new(
            Clips,
            PatchDimensions,
            [.. Patches.Where(grade => clips.Contains(grade.Clip))],
            [.. Ratings.Where(rating => clips.Contains(rating.Clip))],
            [.. Comparisons.Where(pair => clips.Contains(pair.A) && clips.Contains(pair.B))]);
    }

    /// <summary>
    /// The same with fewer labelled patches: clips in random order until the number is reached, of the last one only some. More of the same seed hold
    /// fewer. Labels of whole clips stay.
    /// </summary>
    /// <param name="patches">Number of labelled patches, at least 1.</param>
    /// <param name="runSeed">Seed of the order.</param>
    public RewardLabels WithPatches(int patches, long runSeed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(patches, 1);
        int[] order = [.. Patches.Select(grade => grade.Clip).Distinct().Order()];
        new RandomStream(runSeed, "reward training, which patch labels").Shuffle(order);
        HashSet<(int, string, int)> kept = [];
        foreach (int clip in order)
        {
            (int Clip, string Grid, int Cell)[] cells = [.. Patches.Where(grade => grade.Clip == clip).Select(grade => (grade.Clip, grade.Grid.ToString(), grade.Cell)).Distinct()];
            new RandomStream(runSeed, "reward training, which patches of a clip", clip).Shuffle(cells);
            kept.UnionWith(cells.Take(patches - kept.Count));
        }

        return new(Clips, PatchDimensions, [.. Patches.Where(grade => kept.Contains((grade.Clip, grade.Grid.ToString(), grade.Cell)))], Ratings, Comparisons);
    }

    /// <summary>Hash over clips and labels.</summary>
    public string ContentHash() => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new
    {
        Clips,
        Dimensions = PatchDimensions.Select(dimension => new { dimension.Name, dimension.Grades?.Worst, dimension.Grades?.Best }),
        Patches = Patches.Select(grade => new { grade.Clip, Grid = grade.Grid.ToString(), grade.Cell, grade.Dimension, grade.Value, grade.Weight }),
        Ratings,
        Comparisons,
    })));

    private static double Weight(Label label, RewardLabelOptions options) =>
        options.AnnotatorWeights.GetValueOrDefault(label.Annotator, 1) * (options.WeighsByConfidence ? label.Confidence ?? 1 : 1);

    /// <summary>Answers by question, in an order that does not depend on the store's; the weights of a question's answers divided by their number.</summary>
    private static IEnumerable<(TQuestion Question, Label Label, double Weight)> Soft<TQuestion>(IEnumerable<Label> labels, Func<Label, TQuestion> question, RewardLabelOptions options)
        where TQuestion : notnull
    {
        foreach (IGrouping<TQuestion, Label> answers in labels.GroupBy(question).OrderBy(group => group.Key))
        {
            Label[] ordered =
            [
                .. answers.OrderBy(label => label.Annotator, StringComparer.Ordinal).ThenBy(label => label.ResponseId, StringComparer.Ordinal)
                    .ThenBy(label => label.Value).ThenBy(label => label.Choice).ThenBy(label => label.Confidence).ThenBy(label => label.Clip, StringComparer.Ordinal),
            ];
            foreach (Label label in ordered)
            {
                yield return (answers.Key, label, Weight(label, options) / ordered.Length);
            }
        }
    }

    /// <summary>The same two clips are one question, whichever was shown first.</summary>
    private static (int A, int B, int Dimension) Pair(int first, int second, int dimension) => (Math.Min(first, second), Math.Max(first, second), dimension);

    private static PairLabel Choice(Label label, bool isInOrder) => label.Choice switch
    {
        PairChoice.A => isInOrder ? PairLabel.A : PairLabel.B,
        PairChoice.B => isInOrder ? PairLabel.B : PairLabel.A,
        _ => PairLabel.Same,
    };

    /// <summary>The value, turned round where less is better.</summary>
    private static double Rising(string path, Label label)
    {
        double value = label.Value!.Value;
        bool isOn = double.IsFinite(value) && (label.Scale is not { } given || given.Holds(value));
        Refuse(!isOn, FormattableString.Invariant($"{path}: a label is {value}, expected {label.Scale?.ToString() ?? "a finite number"}: {label.QuestionText()}."));
        return label.Scale is { } scale && scale.Worst > scale.Best ? scale.Worst + scale.Best - value : value;
    }

    private static string[] PatchNames(string path, Label[] labels, RewardLabelOptions options)
    {
        string[] found = [.. labels.Select(label => label.Dimension).Distinct().Order(StringComparer.Ordinal)];
        Refuse(options.PatchDimensions is null && found.Length > 1, $"{path}: patches are graded on several dimensions ({string.Join(", ", found)}). Name those to learn with --patch-dimensions.");
        string? absent = options.PatchDimensions?.FirstOrDefault(name => !found.Contains(name));
        Refuse(absent is not null, $"{path}: has no patch graded on '{absent}'. Dimensions of patches: {(found.Length == 0 ? "none" : string.Join(", ", found))}.");
        return [.. (options.PatchDimensions ?? found).Distinct()];
    }

    private static Dictionary<string, int> RewardNames(string path, Label[] labels, RewardLabelOptions options, IReadOnlyList<string> rewards)
    {
        string[] found = [.. labels.Select(label => label.Dimension).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> rewardOf = new(StringComparer.Ordinal);
        if (options.VideoDimensions is null)
        {
            foreach (string name in found)
            {
                int reward = IndexOf(name);
                if (reward < 0 && rewards.Count == 1 && found.Length == 1)
                {
                    reward = 0;
                }

                if (reward >= 0)
                {
                    rewardOf.Add(name, reward);
                }
            }

            Refuse(found.Length > 0 && rewardOf.Count == 0, $"{path}: clips are rated on {string.Join(", ", found)}, the video reward is {string.Join(", ", rewards)}. Say which is which with --video-dimensions REWARD=NAME, or --video-dimensions none.");
            return rewardOf;
        }

        foreach (string entry in options.VideoDimensions)
        {
            int equals = entry.IndexOf('=', StringComparison.Ordinal);
            string name = entry[(equals + 1)..];
            int reward = equals < 0 && rewards.Count == 1 ? 0 : IndexOf(equals < 0 ? entry : entry[..equals]);
            Refuse(reward < 0, $"--video-dimensions {entry}: the video rewards are called {string.Join(", ", rewards)}. Expected one of them, or REWARD=NAME with the store's name behind.");
            Refuse(!found.Contains(name), $"{path}: no clip is rated or compared on '{name}'. Dimensions of clips: {(found.Length == 0 ? "none" : string.Join(", ", found))}.");
            Refuse(!rewardOf.TryAdd(name, reward), $"--video-dimensions names '{name}' twice.");
        }

        return rewardOf;

        int IndexOf(string name) => rewards.ToList().FindIndex(reward => string.Equals(reward, name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The one scale of a dimension, null where it has no ends.</summary>
    private static RatingScale? ScaleOf(string path, string dimension, IEnumerable<Label> labels) =>
        RatingScale.OneOf(labels.Where(label => label.Dimension == dimension).Select(label => label.Scale), path, $"'{dimension}' was", "Choose annotators that share one with --annotators.");

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
