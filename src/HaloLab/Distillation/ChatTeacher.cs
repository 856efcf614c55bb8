using System.Text;
using HaloLab.Videos;
using Microsoft.Extensions.AI;

namespace HaloLab.Distillation;

/// <summary>A vision-language model behind the chat completions protocol that grades patches (docs/teacher.md).</summary>
public sealed class ChatTeacher : ITeacher, IDisposable
{
    /// <summary>Expected tokens of an answer for each patch: six grades with confidence and reason.</summary>
    public const int TokensPerPatch = 190;

    private static readonly GradeDimension[] Dimensions = Enum.GetValues<GradeDimension>();

    private readonly ChatTeacherOptions _options;
    private readonly PromptTemplate _template;
    private readonly ChatService<IReadOnlyList<AnsweredPatch>> _service;

    /// <param name="options">Whom to ask and how.</param>
    /// <param name="ledger">Where attempts and responses are kept; not disposed.</param>
    /// <exception cref="InputException">An option is out of its range.</exception>
    public ChatTeacher(ChatTeacherOptions options, RequestLedger ledger)
    {
        _service = new ChatService<IReadOnlyList<AnsweredPatch>>(options, ledger, AnsweredPatch.Parse);
        _options = options;
        _template = PromptTemplate.For(options.View.Patches);
    }

    /// <summary>Told after every request that has its final answer, with the number of them so far.</summary>
    public event Action<int>? Answered
    {
        add => _service.Answered += value;
        remove => _service.Answered -= value;
    }

    /// <summary>The texts that go with a view.</summary>
    public static PromptTemplateName TemplateOf(PatchView view)
    {
        PromptTemplate template = PromptTemplate.For(view);
        return new PromptTemplateName(template.Name, template.Hash);
    }

    /// <summary>What the requests about a clip that have no stored answer would cost, and the number of those that have one.</summary>
    public async Task<(RequestEstimate Outstanding, int Stored)> EstimateAsync(VideoClip clip, string prompt, PatchGrid grid)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ClipPictures pictures = new(clip, grid, _options.View);
        RequestEstimate sum = RequestEstimate.None;
        int stored = 0;
        foreach (PatchRequest request in PatchRequest.Plan(clip, prompt, grid, _options, _template.Hash))
        {
            ChatQuestion question = Question(pictures, prompt, request);
            if (await _service.FindStoredAsync(question).ConfigureAwait(false) is not null)
            {
                stored++;
            }
            else
            {
                sum += question.Estimate(_options);
            }
        }

        return (sum, stored);
    }

    /// <inheritdoc/>
    public async Task<ClipLabels> GradeAsync(VideoClip clip, string prompt, PatchGrid grid, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentException.ThrowIfNullOrWhiteSpace(prompt);
        if (ClipCheck.Problem(clip) is { } problem)
        {
            throw new InputException($"Clip {clip.ContentHash[..12]} is not sent to the teacher: {problem}.");
        }

        ClipPictures pictures = new(clip, grid, _options.View);
        IReadOnlyList<PatchRequest> requests = PatchRequest.Plan(clip, prompt, grid, _options, _template.Hash);
        ChatAnswer<IReadOnlyList<AnsweredPatch>>?[] answers = await Task.WhenAll(requests.Select(request => _service.AskAsync(Question(pictures, prompt, request), cancellation))).ConfigureAwait(false);

        TeacherLabel[]?[] labels = new TeacherLabel[]?[grid.Count];
        List<TeacherLabel> checks = [];
        for (int i = 0; i < requests.Count; i++)
        {
            for (int place = 0; answers[i] is { } answer && place < requests[i].Cells.Count; place++)
            {
                bool isDuplicate = place == requests[i].Duplicate;
                TeacherLabel[] own = Labels(clip, prompt, grid, requests[i], answer, place, isDuplicate);
                if (isDuplicate || requests[i].Repeat > 0)
                {
                    checks.AddRange(own);
                }
                else
                {
                    labels[requests[i].Cells[place]] = own;
                }
            }
        }

        return new ClipLabels([.. labels.OfType<TeacherLabel[]>().SelectMany(own => own)], checks, answers.Count(answer => answer is null));
    }

    public void Dispose() => _service.Dispose();

    private ChatQuestion Question(ClipPictures pictures, string prompt, PatchRequest request)
    {
        int whole = Frames(pictures, request).Length;
        int crops = _options.View.Patches == PatchView.Overlay ? 0 : request.Cells.Count;
        int bytes = Encoding.UTF8.GetByteCount(prompt) + ChatQuestion.MostBytesOfText + (ChatQuestion.MostBytesPerPatch * request.Cells.Count);
        return new ChatQuestion(request.Key, request.Description, _template, whole + crops, bytes, request.Cells.Count, TokensPerPatch, () => Contents(pictures, prompt, request));
    }

    /// <summary>The frames that are shown whole.</summary>
    private int[] Frames(ClipPictures pictures, PatchRequest request) =>
        _options.View.Patches == PatchView.Overlay ? pictures.SegmentFrames(request.Cells[0]) : pictures.ContextFrames;

    private List<AIContent> Contents(ClipPictures pictures, string prompt, PatchRequest request)
    {
        bool isOverlay = _options.View.Patches == PatchView.Overlay;
        int[] frames = Frames(pictures, request);
        IReadOnlyList<string> texts = _template.Fill(pictures.Clip, prompt, pictures.DescribeFrames(frames), request.Cells.Count);
        List<AIContent> contents = [new TextContent(texts[0])];
        contents.AddRange(frames.Select(frame => _options.View.Picture(isOverlay ? pictures.Overlay(frame) : pictures.Frame(frame))));
        contents.Add(new TextContent(texts[1]));
        for (int i = 0; i < request.Cells.Count; i++)
        {
            contents.Add(new TextContent(pictures.Describe(i + 1, request.Cells[i])));
            if (!isOverlay)
            {
                contents.Add(_options.View.Picture(pictures.Crops(request.Cells[i])));
            }
        }

        contents.Add(new TextContent(texts[2]));
        return contents;
    }

    private TeacherLabel[] Labels(VideoClip clip, string prompt, PatchGrid grid, PatchRequest request, ChatAnswer<IReadOnlyList<AnsweredPatch>> answer, int place, bool isDuplicate)
    {
        AnsweredPatch? patch = answer.Value?[place];
        return
        [
            .. Dimensions.Select((dimension, i) =>
            {
                TeacherLabel label = new()
                {
                    Clip = clip.ContentHash,
                    Prompt = prompt,
                    Grid = grid.ToString(),
                    Cell = request.Cells[place],
                    Dimension = dimension,
                    Defect = dimension == GradeDimension.LocalDefect ? patch?.Defect : null,
                    Confidence = patch?.Confidences[i],
                    Reason = patch?.Reasons[i] ?? answer.Problem,
                    Annotator = answer.Snapshot ?? _options.Model,
                    AnsweredAt = answer.When,
                    TemplateHash = _template.Hash,
                    ResponseId = answer.ResponseId,
                    Request = request.Key,
                    Check = isDuplicate ? CheckKind.Duplicate : request.Repeat > 0 ? CheckKind.Repeat : null,
                    Repeat = request.Repeat,
                };
                return patch is null ? label : label.WithGrade(patch.Grades[i]);
            }),
        ];
    }
}
