using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Distillation;

/// <summary>
/// Qwen2-VL in this process as a teacher: it is shown the whole frames of a clip once, then each patch by itself, and chooses its grades from 1 to 5 by the probabilities of their words. So
/// every answer is one that was asked for, no patch is judged by the answer about another, and the confidence is the model's own probability of the grade. It gives no reasons.
/// Answers are kept in a folder, patch by patch.
/// </summary>
public sealed class LocalTeacher : ITeacher, IDisposable
{
    private const int LowestGrade = 1;
    private const int HighestGrade = 5;
    private const string DefectField = "defect_type";

    // Of the published preprocessor_config.json.
    private const double LeastPixels = 56 * 56;
    private const double MostPixels = 28 * 28 * 16384;

    private static readonly GradeDimension[] Dimensions = Enum.GetValues<GradeDimension>();
    private static readonly DefectType[] Defects = Enum.GetValues<DefectType>();
    private static readonly string[] Grades = [.. Enumerable.Range(LowestGrade, HighestGrade).Select(grade => string.Create(CultureInfo.InvariantCulture, $" {grade}"))];
    private static readonly string[] DefectNames = [.. Defects.Select(defect => " " + AnsweredPatch.NameOf(defect))];

    private readonly Qwen2VlFolder _model;
    private readonly TeacherView _view;
    private readonly string _answers;
    private readonly TeacherTexts _texts = TeacherTexts.ForLocal();
    private readonly Qwen2VlChat _chat;
    private readonly Qwen2VlProcessor _processor;

    /// <param name="folder">Qwen2-VL's folder.</param>
    /// <param name="view">How much it is shown. Patches are shown as crops, one at a time.</param>
    /// <param name="answers">Where answers are kept; made when needed.</param>
    /// <exception cref="InputException">A file is missing, broken, or does not fit the others, or a value of the view is out of its range.</exception>
    public LocalTeacher(string folder, TeacherView view, string answers)
    {
        ArgumentNullException.ThrowIfNull(view);
        view.Validate();
        if (view.Patches != PatchView.Crops)
        {
            throw new InputException("--view overlay: the local teacher is asked about one patch at a time, as its crops. Leave --view out.");
        }

        _model = Qwen2VlFolder.Open(folder);
        (_view, _answers) = (view, answers);
        _chat = new Qwen2VlChat(_model.Tokenizer, _model.Model.Config);
        _processor = new Qwen2VlProcessor(_model.Model.Config.VisionConfig);
        Snapshot = $"qwen2-vl {FileHash.OfAll(_model.Hashes)[..12]}{(Compute.Precision == ScalarType.Float32 ? "" : " " + Compute.PrecisionName)}";
    }

    /// <summary>Told after every patch, with the number of them so far.</summary>
    public event Action<int>? Answered;

    /// <summary>Name of the model in the labels: by its files, and the precision where that is not float32.</summary>
    public string Snapshot { get; }

    /// <summary>The texts that it is asked with.</summary>
    public static PromptTemplateName Template
    {
        get
        {
            TeacherTexts texts = TeacherTexts.ForLocal();
            return new PromptTemplateName(texts.Name, texts.Hash);
        }
    }

    /// <summary>The answer, line by line; what stands behind the colons is chosen.</summary>
    internal static string AnswerForm => string.Join('\n', [.. Dimensions.Select(dimension => $"{AnswerReader.NameOf(dimension)}:{string.Join('|', Grades)}"), $"{DefectField}:{string.Join('|', DefectNames)}"]);

    private int Count { get; set; }

    /// <inheritdoc/>
    public Task<ClipLabels> GradeAsync(VideoClip clip, string prompt, PatchGrid grid, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentException.ThrowIfNullOrWhiteSpace(prompt);
        if (ClipCheck.Problem(clip) is { } problem)
        {
            throw new InputException($"Clip {clip.ContentHash[..12]} is not shown to the teacher: {problem}.");
        }

        string request = KeyOf(clip, prompt, grid);
        string path = Path.Combine(_answers, request + ".jsonl");
        List<TeacherLabel> labels = File.Exists(path) ? [.. TeacherLabelFile.Read(path)] : [];
        HashSet<int> answered = [.. labels.Select(label => label.Cell)];
        Advance(answered.Count);
        if (answered.Count < grid.Count)
        {
            ClipPictures pictures = new(clip, grid, _view);
            IReadOnlyList<string> texts = _texts.Fill(clip, prompt, pictures.DescribeFrames(pictures.ContextFrames), 1);
            using Qwen2VlConversation shown = new(_model.Model);
            Say(shown, Qwen2VlChat.UserTurn(_texts.System) + texts[0], [.. pictures.ContextFrames.Select(pictures.Whole)], texts[1]);
            foreach (int cell in Enumerable.Range(0, grid.Count).Where(cell => !answered.Contains(cell)))
            {
                cancellation.ThrowIfCancellationRequested();
                using Qwen2VlConversation asked = shown.Copy();
                Say(asked, pictures.Describe(1, cell), [pictures.Mosaic(cell)], texts[2] + Qwen2VlChat.AnswerTurn);
                labels.AddRange(Grade(asked, clip, prompt, grid, cell, request));
                TeacherLabelFile.Write(path, labels);
                Advance(1);
            }
        }

        return Task.FromResult(new ClipLabels([.. labels.OrderBy(label => label.Cell).ThenBy(label => label.Dimension)], [], 0));
    }

    public void Dispose() => _model.Dispose();

    private void Advance(int patches)
    {
        Count += patches;
        Answered?.Invoke(Count);
    }

    /// <summary>One question, in one pass: text, pictures, text.</summary>
    private void Say(Qwen2VlConversation conversation, string before, Picture[] pictures, string after)
    {
        using var scope = NewDisposeScope();
        (Tensor Patches_NV, Qwen2VlGrid Grid)[] images = [.. pictures.Select(picture => _processor.Image(picture.Pixels, picture.Height, picture.Width, LeastPixels, MostPixels))];
        int merge = _model.Model.Config.VisionConfig.SpatialMergeSize;
        int[] ids = [.. _model.Tokenizer.Encode(before), .. images.SelectMany(image => _chat.Image(image.Grid.Tokens(merge))), .. _model.Tokenizer.Encode(after)];
        conversation.Say(ids, cat([.. images.Select(image => image.Patches_NV)]), [.. images.Select(image => image.Grid)]);
    }

    private IEnumerable<TeacherLabel> Grade(Qwen2VlConversation conversation, VideoClip clip, string prompt, PatchGrid grid, int cell, string request)
    {
        Qwen2VlChoice[] grades = [.. Dimensions.Select(dimension => Choose(conversation, AnswerReader.NameOf(dimension), Grades))];
        DefectType defect = Defects[Choose(conversation, DefectField, DefectNames).Index];
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return Dimensions.Select((dimension, i) => new TeacherLabel
        {
            Clip = clip.ContentHash,
            Prompt = prompt,
            Grid = grid.ToString(),
            Cell = cell,
            Dimension = dimension,
            Defect = dimension == GradeDimension.LocalDefect ? defect : null,
            Confidence = grades[i].Share,
            Annotator = Snapshot,
            AnsweredAt = now,
            TemplateHash = _texts.Hash,
            Request = request,
        }.WithGrade(LowestGrade + grades[i].Index));
    }

    private Qwen2VlChoice Choose(Qwen2VlConversation conversation, string field, string[] answers)
    {
        conversation.Say(_model.Tokenizer.Encode(field + ":"));
        Qwen2VlChoice choice = conversation.Choose([.. answers.Select(_model.Tokenizer.Encode)]);
        conversation.Say(_model.Tokenizer.Encode("\n"));
        return choice;
    }

    /// <summary>SHA-256 over everything that determines the answers about a clip.</summary>
    private string KeyOf(VideoClip clip, string prompt, PatchGrid grid) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
    {
        Snapshot,
        _texts.Hash,
        Clip = clip.ContentHash,
        prompt,
        Grid = grid.ToString(),
        _view.ContextFrames,
        _view.CropsPerPatch,
        _view.LongestSide,
        _view.SpatialStride,
        _view.TemporalStride,
    }))));
}
