using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;

namespace HaloLab.Annotation;

/// <summary>
/// What annotators are shown: clips or pairs of clips, questions, training items, and each annotator's own order. Everything follows from the options and the
/// clips, so that a server that is started again asks the same under the same names.
/// </summary>
public sealed partial class AnnotationStudy
{
    /// <summary>Ids that begin so are simulated annotators.</summary>
    public const string SimulatedPrefix = "simulated";

    private const int CharactersOfId = 16;

    private static readonly string[] DefaultPatchDimensions = ["local defect"];
    private static readonly string[] DefaultVideoDimensions = ["visual quality", "temporal consistency", "dynamic degree", "text-to-video alignment", "factual consistency"];
    private static readonly string[] DefaultComparedDimensions = ["overall quality"];

    private readonly Dictionary<string, IReadOnlyList<StudyItem>> _items;

    private AnnotationStudy(StudyOptions options, Questionnaire questionnaire, IReadOnlyList<Questionnaire.Question> patchQuestions, IReadOnlyList<Questionnaire.Question> videoQuestions, IReadOnlyList<StudyClip> clips, IReadOnlyList<StudyClip> training, KnownAnswers known)
    {
        (Options, Questionnaire, PatchQuestions, VideoQuestions, Clips, Known) = (options, questionnaire, patchQuestions, videoQuestions, clips, known);
        Key = HashOf("annotation study", options.Seed, options.Grid, options.Compares, questionnaire.Hash, string.Join(',', patchQuestions.Select(question => question.Dimension)), string.Join(',', videoQuestions.Select(question => question.Dimension)));
        _items = options.Annotators.ToDictionary(annotator => annotator, annotator => Plan(annotator, training));
    }

    public StudyOptions Options { get; }

    public Questionnaire Questionnaire { get; }

    /// <summary>What is asked of every patch; may be nothing.</summary>
    public IReadOnlyList<Questionnaire.Question> PatchQuestions { get; }

    /// <summary>What is asked of the whole video, or of two; may be nothing.</summary>
    public IReadOnlyList<Questionnaire.Question> VideoQuestions { get; }

    /// <summary>Every clip once, training clips not among them.</summary>
    public IReadOnlyList<StudyClip> Clips { get; }

    /// <summary>Answers to training items.</summary>
    public KnownAnswers Known { get; }

    /// <summary>Names the study: the same questions about the same grid.</summary>
    public string Key { get; }

    /// <summary>Questions of one item, patches counted one by one.</summary>
    public int QuestionsPerItem => (PatchQuestions.Count * Options.Grid.Count) + VideoQuestions.Count;

    /// <summary>Reads clips and questions.</summary>
    /// <param name="options">What is asked for.</param>
    /// <param name="advance">Told the share of the clips that was read.</param>
    /// <param name="cancellation">Stops between two clips.</param>
    /// <exception cref="InputException">Something is missing, broken or contradictory; the message names it.</exception>
    public static async Task<AnnotationStudy> ReadAsync(StudyOptions options, Action<double> advance, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(advance);
        RequireAnnotators(options.Annotators);
        if (options.RepeatShare is not (>= 0 and <= 1))
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"--repeat-share {options.RepeatShare}: expected 0 to 1."));
        }

        Questionnaire questionnaire = options.Questionnaire is null ? Questionnaire.Shipped() : Questionnaire.Read(options.Questionnaire);
        IReadOnlyList<Questionnaire.Question> patchQuestions = questionnaire.Find("--patch-dimensions", options.PatchDimensions ?? (options.Compares ? [] : DefaultPatchDimensions));
        IReadOnlyList<Questionnaire.Question> videoQuestions = questionnaire.Find("--video-dimensions", options.VideoDimensions ?? (options.Compares ? DefaultComparedDimensions : DefaultVideoDimensions));
        if (patchQuestions.Count + videoQuestions.Count == 0)
        {
            throw new InputException("--patch-dimensions and --video-dimensions ask nothing. Name at least one dimension.");
        }

        if (options.Training is not null && options.Compares)
        {
            throw new InputException("--training has grades, and --compare asks for choices. Train the annotators in a session of grades.");
        }

        IReadOnlyList<(string Path, string Name, string? Prompt)> files = ClipSource.Read(options.Clips, options.Prompts, options.Videos);
        IReadOnlyList<(string Path, string Name, string? Prompt)> trainingFiles = options.Training is null ? [] : ClipSource.Read(options.Training, null, options.TrainingVideos);
        List<StudyClip> clips = [];
        foreach ((string path, string name, string? prompt) in files.Concat(trainingFiles))
        {
            clips.Add(await StudyClip.ReadAsync(path, name, prompt, options.Grid, options.TemporalStride, options.SpatialStride, cancellation).ConfigureAwait(false));
            advance((double)clips.Count / (files.Count + trainingFiles.Count));
        }

        KnownAnswers known = KnownAnswers.None;
        StudyClip[] training = [];
        if (options.Training is not null)
        {
            using LabelStore store = LabelStore.Open(options.Training);
            known = KnownAnswers.Read(store, options.Grid, [.. patchQuestions.Concat(videoQuestions).Select(question => question.Dimension)]);
            training = [.. clips.Skip(files.Count).Where(clip => known.Knows(clip.Hash)).DistinctBy(clip => clip.Hash)];
            if (training.Length == 0)
            {
                throw new InputException($"{options.Training}: has no grades from 1 to 5 of its clips in the dimensions asked for, on the grid {options.Grid}. Known answers are such labels: let an expert annotate the training clips with the same questions into that store.");
            }
        }

        StudyClip[] main = [.. clips.Take(files.Count).DistinctBy(clip => (clip.Hash, clip.Prompt))];
        AnnotationStudy study = new(options, questionnaire, patchQuestions, videoQuestions, main, training, known);
        return study.Items(options.Annotators[0]).Any(item => !item.IsTraining) ? study : throw new InputException($"{options.Clips}: no prompt has two clips that differ. --compare needs at least two clips of one prompt.");
    }

    /// <summary>What an annotator is shown, in its order.</summary>
    public IReadOnlyList<StudyItem> Items(string annotator) => _items[annotator];

    /// <summary>Whether an id is a simulated annotator's.</summary>
    public static AnnotatorKind KindOf(string annotator)
    {
        ArgumentNullException.ThrowIfNull(annotator);
        return annotator.StartsWith(SimulatedPrefix, StringComparison.OrdinalIgnoreCase) ? AnnotatorKind.Simulated : AnnotatorKind.Human;
    }

    private static void RequireAnnotators(IReadOnlyList<string> annotators)
    {
        if (annotators.Count == 0)
        {
            throw new InputException("--annotators is empty: expected ids, for example anna,ben.");
        }

        foreach (string annotator in annotators)
        {
            if (!AnnotatorId().IsMatch(annotator))
            {
                throw new InputException($"--annotators '{annotator}': expected 1 to 64 letters, digits, dots, hyphens or underscores, a letter or digit first.");
            }
        }

        if (annotators.Distinct(StringComparer.OrdinalIgnoreCase).Count() < annotators.Count)
        {
            throw new InputException($"--annotators {string.Join(',', annotators)}: an id stands twice (capitals are not told apart). Give each annotator its own.");
        }
    }

    private IReadOnlyList<StudyItem> Plan(string annotator, IReadOnlyList<StudyClip> training)
    {
        StudyItem[] known = [.. training.Select(clip => new StudyItem(IdOf(annotator, "training", clip), [clip], true))];
        StudyItem[] first = [.. Rounds(annotator, "first").ToArray()];
        StudyItem[] second = [.. Rounds(annotator, "second")];
        RandomStream order = new(Options.Seed, $"annotation order/{annotator}");
        int[] shuffled = Shuffled(first.Length, order);
        int repeats = (int)Math.Round(Options.RepeatShare * first.Length);
        return
        [
            .. Shuffled(known.Length, order).Select(i => known[i]),
            .. shuffled.Select(i => first[i]),

            // What was seen first comes again last: as much as can be lies between.
            .. shuffled.Take(repeats).Select(i => second[i]),
        ];
    }

    private IEnumerable<StudyItem> Rounds(string annotator, string round)
    {
        if (!Options.Compares)
        {
            return Clips.Select(clip => new StudyItem(IdOf(annotator, round, clip), [clip], false));
        }

        return Clips.Where(clip => clip.Prompt is not null).GroupBy(clip => clip.Prompt).SelectMany(group =>
        {
            StudyClip[] clips = [.. group.OrderBy(clip => clip.Hash, StringComparer.Ordinal)];
            return clips.SelectMany((first, i) => clips.Skip(i + 1).Select(second =>
            {
                string id = IdOf(annotator, round, first, second);
                bool isSwapped = new RandomStream(Options.Seed, $"annotation side/{annotator}/{id}").NextDouble() < 0.5;
                return new StudyItem(id, isSwapped ? [second, first] : [first, second], false);
            }));
        });
    }

    private string IdOf(string annotator, string round, params ReadOnlySpan<StudyClip> clips)
    {
        StringBuilder text = new();
        foreach (StudyClip clip in clips)
        {
            text.Append(clip.Hash).Append('\n').Append(clip.Prompt is null ? "" : "=" + clip.Prompt).Append('\n');
        }

        return HashOf("annotation item", Key, annotator, round, text);
    }

    private static int[] Shuffled(int count, RandomStream stream)
    {
        int[] places = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = stream.Next(i + 1);
            (places[i], places[j]) = (places[j], places[i]);
        }

        return places;
    }

    private static string HashOf(params ReadOnlySpan<object> parts)
    {
        StringBuilder text = new();
        foreach (object part in parts)
        {
            text.Append(CultureInfo.InvariantCulture, $"{part}\n");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..CharactersOfId];
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", RegexOptions.CultureInvariant)]
    private static partial Regex AnnotatorId();
}
