using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.Videos;
using Microsoft.Extensions.AI;

namespace HaloLab.Distillation;

/// <summary>
/// A vision-language model that says in which of two clips of one prompt a patch is better. Such models favour a place in the question, so everything is asked
/// twice with the clips in both orders, and answers that contradict each other count as ties.
/// </summary>
public sealed class PairTeacher : IDisposable
{
    /// <summary>Expected tokens of an answer for each patch: six choices with confidence and reason.</summary>
    public const int TokensPerPatch = 190;

    private static readonly GradeDimension[] Dimensions = Enum.GetValues<GradeDimension>();

    private readonly ChatTeacherOptions _options;
    private readonly PromptTemplate _template = PromptTemplate.ForPairs();
    private readonly ChatService<IReadOnlyList<AnsweredPair>> _service;

    /// <param name="options">Whom to ask and how; patches are shown as crops.</param>
    /// <param name="ledger">Where attempts and responses are kept; not disposed.</param>
    /// <exception cref="InputException">An option is out of its range, or asks for the numbered grid.</exception>
    public PairTeacher(ChatTeacherOptions options, RequestLedger ledger)
    {
        _service = new ChatService<IReadOnlyList<AnsweredPair>>(options, ledger, AnsweredPair.Parse);
        _options = options;
        if (options.View.Patches != PatchView.Crops)
        {
            throw new InputException("Pairs of clips are compared by crops: leave --view out.");
        }
    }

    /// <summary>Told after every request that has its final answer, with the number of them so far.</summary>
    public event Action<int>? Answered
    {
        add => _service.Answered += value;
        remove => _service.Answered -= value;
    }

    /// <summary>The texts of the questions.</summary>
    public static PromptTemplateName Template
    {
        get
        {
            PromptTemplate template = PromptTemplate.ForPairs();
            return new PromptTemplateName(template.Name, template.Hash);
        }
    }

    /// <summary>What the requests about a pair that have no stored answer would cost, and the number of those that have one.</summary>
    public async Task<(RequestEstimate Outstanding, int Stored)> EstimateAsync(VideoClip a, VideoClip b, string prompt, PatchGrid grid)
    {
        RequestEstimate sum = RequestEstimate.None;
        int stored = 0;
        foreach (Asked asked in Questions(a, b, prompt, grid))
        {
            if (await _service.FindStoredAsync(asked.Question).ConfigureAwait(false) is not null)
            {
                stored++;
            }
            else
            {
                sum += asked.Question.Estimate(_options);
            }
        }

        return (sum, stored);
    }

    /// <summary>Compares every patch of two clips in every dimension.</summary>
    /// <param name="a">One clip.</param>
    /// <param name="b">Another of the same prompt and size.</param>
    /// <param name="prompt">What both were made from.</param>
    /// <param name="grid">The patches (DESIGN D1).</param>
    /// <param name="cancellation">Stops before the next question; a question that was sent is waited for.</param>
    /// <returns>One label for each cell and dimension that was answered in both orders, and the number of requests without a usable answer.</returns>
    /// <exception cref="InputException">The clips cannot be compared, or the teacher stopped; the message says why.</exception>
    public async Task<(IReadOnlyList<PairLabel> Labels, int Unanswered)> CompareAsync(VideoClip a, VideoClip b, string prompt, PatchGrid grid, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(prompt);
        Asked[] asked = Questions(a, b, prompt, grid);
        ChatAnswer<IReadOnlyList<AnsweredPair>>?[] answers = await Task.WhenAll(asked.Select(one => _service.AskAsync(one.Question, cancellation))).ConfigureAwait(false);
        PairLabel[]?[] labels = new PairLabel[]?[grid.Count];

        // Questions come in pairs: in order, swapped.
        for (int i = 0; i < asked.Length; i += 2)
        {
            for (int place = 0; answers[i] is { } inOrder && answers[i + 1] is { } swapped && place < asked[i].Cells.Length; place++)
            {
                int cell = asked[i].Cells[place];
                labels[cell] = [.. Dimensions.Select((dimension, d) => Label(a, b, prompt, grid, cell, dimension, Said(inOrder, place, d), Said(swapped, place, d), inOrder, swapped))];
            }
        }

        return ([.. labels.OfType<PairLabel[]>().SelectMany(own => own)], answers.Count(answer => answer is null));
    }

    public void Dispose() => _service.Dispose();

    private static (PairChoice Choice, double Confidence, string Reason)? Said(ChatAnswer<IReadOnlyList<AnsweredPair>> answer, int place, int dimension) =>
        answer.Value?[place] is { } patch ? (patch.Better[dimension], patch.Confidences[dimension], patch.Reasons[dimension]) : null;

    private PairLabel Label(
        VideoClip a,
        VideoClip b,
        string prompt,
        PatchGrid grid,
        int cell,
        GradeDimension dimension,
        (PairChoice Choice, double Confidence, string Reason)? inOrder,
        (PairChoice Choice, double Confidence, string Reason)? swapped,
        ChatAnswer<IReadOnlyList<AnsweredPair>> first,
        ChatAnswer<IReadOnlyList<AnsweredPair>> second)
    {
        PairChoice? whenSwapped = swapped?.Choice switch { PairChoice.A => PairChoice.B, PairChoice.B => PairChoice.A, _ => swapped?.Choice };
        return new PairLabel
        {
            Clip = a.ContentHash,
            OtherClip = b.ContentHash,
            Prompt = prompt,
            Grid = grid.ToString(),
            Cell = cell,
            Dimension = dimension,
            Choice = inOrder is null || whenSwapped is null ? null : inOrder.Value.Choice == whenSwapped ? whenSwapped : PairChoice.Same,
            ChoiceInOrder = inOrder?.Choice,
            ChoiceSwapped = whenSwapped,
            Confidence = inOrder is { } one && swapped is { } other ? Math.Min(one.Confidence, other.Confidence) : null,
            Reason = inOrder?.Reason ?? first.Problem ?? second.Problem,
            Annotator = first.Snapshot ?? second.Snapshot ?? _options.Model,
            AnsweredAt = first.When > second.When ? first.When : second.When,
            TemplateHash = _template.Hash,
            ResponseId = $"{first.ResponseId}+{second.ResponseId}",
        };
    }

    private Asked[] Questions(VideoClip a, VideoClip b, string prompt, PatchGrid grid)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if ((a.Frames, a.Height, a.Width) != (b.Frames, b.Height, b.Width))
        {
            throw new InputException($"Clips {a.ContentHash[..12]} ({a.Frames}x{a.Height}x{a.Width}) and {b.ContentHash[..12]} ({b.Frames}x{b.Height}x{b.Width}) differ in frames or size: their patches do not lie in the same place.");
        }

        ClipPictures[] pictures = [new(a, grid, _options.View), new(b, grid, _options.View)];
        int[] order = [.. Enumerable.Range(0, grid.Count)];
        new RandomStream(_options.Seed, $"teacher patch order {a.ContentHash}/{b.ContentHash}/{grid}").Shuffle(order);
        return [.. order.Chunk(_options.View.PatchesPerRequest).SelectMany(cells => new[] { false, true }.Select(isSwapped => Question(isSwapped ? [pictures[1], pictures[0]] : pictures, prompt, grid, cells)))];
    }

    private Asked Question(ClipPictures[] pictures, string prompt, PatchGrid grid, int[] cells)
    {
        JsonObject identity = PatchRequest.Identity(_options, _template.Hash, prompt, grid, cells);
        identity["clip"] = pictures[0].Clip.ContentHash;
        identity["otherClip"] = pictures[1].Clip.ContentHash;
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(identity);
        int shown = 2 * (pictures[0].ContextFrames.Length + cells.Length);
        int textBytes = Encoding.UTF8.GetByteCount(prompt) + ChatQuestion.MostBytesOfText + (ChatQuestion.MostBytesPerPatch * cells.Length);
        ChatQuestion question = new(Convert.ToHexStringLower(SHA256.HashData(bytes)), identity.ToJsonString(), _template, shown, textBytes, cells.Length, TokensPerPatch, () => Contents(pictures, prompt, cells));
        return new Asked(question, cells);
    }

    private List<AIContent> Contents(ClipPictures[] pictures, string prompt, int[] cells)
    {
        TeacherView view = _options.View;
        int[] frames = pictures[0].ContextFrames;
        IReadOnlyList<string> texts = _template.Fill(pictures[0].Clip, prompt, pictures[0].DescribeFrames(frames), cells.Length);
        List<AIContent> contents =
        [
            new TextContent(texts[0]),
            .. frames.Select(frame => view.Picture(pictures[0].Frame(frame))),
            new TextContent(texts[1]),
            .. frames.Select(frame => view.Picture(pictures[1].Frame(frame))),
            new TextContent(texts[2]),
        ];
        for (int i = 0; i < cells.Length; i++)
        {
            contents.Add(new TextContent(pictures[0].Describe(i + 1, cells[i])));
            contents.Add(view.Picture(pictures[0].Crops(cells[i])));
            contents.Add(view.Picture(pictures[1].Crops(cells[i])));
        }

        contents.Add(new TextContent(texts[3]));
        return contents;
    }

    private sealed record Asked(ChatQuestion Question, int[] Cells);
}
