using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>
/// A text with images, said to the model piece by piece, and what the model says to it. Every token costs one pass over itself: what came before is kept
/// (<see cref="Qwen2VlMemory"/>). Positions are Qwen2-VL's own in time, height and width. Without gradients.
/// </summary>
public sealed class Qwen2VlConversation : IDisposable
{
    private readonly Qwen2VlModel _model;
    private readonly Qwen2VlMemory _memory;
    private long _next;
    private Tensor? _last_11C;

    /// <param name="model">The model; not disposed.</param>
    public Qwen2VlConversation(Qwen2VlModel model)
        : this(model, new Qwen2VlMemory((model ?? throw new ArgumentNullException(nameof(model))).Config.NumHiddenLayers))
    {
    }

    private Qwen2VlConversation(Qwen2VlModel model, Qwen2VlMemory memory) => (_model, _memory) = (model, memory);

    /// <summary>Tokens so far.</summary>
    public long Length => _memory.Length;

    /// <summary>A conversation that goes on from here by itself.</summary>
    public Qwen2VlConversation Copy() => new(_model, _memory.Copy()) { _next = _next, _last_11C = _last_11C?.alias().DetachFromDisposeScope() };

    /// <summary>Says a text with images and videos.</summary>
    /// <param name="ids">Token ids; an item has as many places as it becomes tokens.</param>
    /// <param name="patches_NV">Patches of the images, then of the videos, one item after the other (<see cref="Qwen2VlProcessor"/>); null without any.</param>
    /// <param name="images">The images, in the order in which their tokens occur.</param>
    /// <param name="videos">The videos, likewise.</param>
    /// <exception cref="InputException">Items and their tokens do not agree, or the whole is longer than the model allows.</exception>
    public void Say(IReadOnlyList<int> ids, Tensor? patches_NV = null, IReadOnlyList<Qwen2VlGrid>? images = null, IReadOnlyList<Qwen2VlGrid>? videos = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentOutOfRangeException.ThrowIfZero(ids.Count);
        if (Length + ids.Count > _model.Config.MaxPositionEmbeddings)
        {
            throw new InputException($"{Length + ids.Count} tokens are too many for Qwen2-VL: config.json allows {_model.Config.MaxPositionEmbeddings} (max_position_embeddings). Show less: fewer or smaller pictures.");
        }

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        (images, videos) = (images ?? [], videos ?? []);
        Tensor ids_1L = tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Count]);
        Qwen2VlPositions positions = Qwen2VlPositions.Of(ids_1L, ones_like(ids_1L), _model.Config, images, videos);
        Tensor? tokens_NC = patches_NV is null ? null : _model.visual.Tokens(patches_NV.to(Compute.Device), [.. images, .. videos]);
        long ofImages = images.Sum(image => (long)image.Tokens(_model.Config.VisionConfig.SpatialMergeSize));
        Tensor? ofVideos_NC = videos.Count > 0 ? tokens_NC?.narrow(0, ofImages, tokens_NC.shape[0] - ofImages) : null;
        Tensor embedded_1LC = _model.Embed(ids_1L.to(Compute.Device), images.Count > 0 ? tokens_NC?.narrow(0, 0, ofImages) : null, ofVideos_NC);
        Pass(embedded_1LC, (positions.Positions_3BL + _next).to(Compute.Device));
        _next += positions.Deltas[0] + ids.Count;
    }

    /// <summary>Lets the model speak: each token is the likeliest after those before it.</summary>
    /// <param name="ends">Tokens that end an answer, from the model's <c>generation_config.json</c>.</param>
    /// <param name="most">Most tokens of an answer, at least 1.</param>
    /// <param name="cancellation">Stops before the next token.</param>
    /// <returns>The answer's tokens, without the one that ends it.</returns>
    public IReadOnlyList<int> Answer(IReadOnlySet<int> ends, int most, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ends);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        List<int> answer = [];
        while (answer.Count < most)
        {
            cancellation.ThrowIfCancellationRequested();
            int token = Likeliest();
            if (ends.Contains(token))
            {
                break;
            }

            answer.Add(token);
            Say([token]);
        }

        return answer;
    }

    /// <summary>Lets the model go on with one of several texts: at every token that parts them the likeliest of those that are left. The chosen text has been said afterwards.</summary>
    /// <param name="texts">Token ids of each; none begins with another.</param>
    public Qwen2VlChoice Choose(IReadOnlyList<IReadOnlyList<int>> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentOutOfRangeException.ThrowIfZero(texts.Count);
        int[] left = [.. Enumerable.Range(0, texts.Count)];
        double share = 1;
        for (int place = 0; left.Length > 1 || place < texts[left[0]].Count; place++)
        {
            if (left.Length > 1 && left.Any(index => texts[index].Count <= place))
            {
                throw new ArgumentException("A text is the beginning of another, or the same: the model could not say which it means.", nameof(texts));
            }

            int[] tokens = [.. left.Select(index => texts[index][place]).Distinct()];
            (int best, double probability) = tokens.Length == 1 ? (0, 1.0) : LikeliestOf(tokens);
            share *= probability;
            left = [.. left.Where(index => texts[index][place] == tokens[best])];
            Say([tokens[best]]);
        }

        return new Qwen2VlChoice(left[0], share);
    }

    public void Dispose()
    {
        _memory.Dispose();
        _last_11C?.Dispose();
    }

    private void Pass(Tensor embedded_1LC, Tensor positions_31L)
    {
        Tensor states_1LC = _model.model.Continue(embedded_1LC, positions_31L, _memory);
        _last_11C?.Dispose();
        _last_11C = states_1LC.narrow(1, states_1LC.shape[1] - 1, 1).clone().DetachFromDisposeScope();
    }

    private int Likeliest()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return (int)Logits_V().argmax().item<long>();
    }

    private (int Index, double Probability) LikeliestOf(int[] tokens)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids_N = tensor(tokens.Select(id => (long)id).ToArray(), device: Compute.Device);
        float[] probabilities = Logits_V().index_select(0, ids_N).softmax(0).cpu().data<float>().ToArray();
        int best = Array.IndexOf(probabilities, probabilities.Max());
        return (best, probabilities[best]);
    }

    private Tensor Logits_V() => _model.Logits(_last_11C ?? throw new InvalidOperationException("Nothing has been said to the model yet.")).flatten().to(ScalarType.Float32);
}
