using HaloLab.Models.Clip;
using HaloLab.Models.Layers;
using HaloLab.Models.ViClip;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards.Patches;

/// <summary>
/// ViCLIP as a backbone. A place's features are its state, and how what it shows fits the prompt: the product of its projected state and the prompt's feature, channel
/// by channel, each of length √E, so that the mean of the products is the cosine. The video head reads the same products of the clip's own feature and starts
/// as their sum, the cosine, which VBench and T2V-Turbo take for a clip's reward. Frames are the middles of equal stretches of the clip, resized to a square whole, so that every patch is seen.
/// </summary>
public sealed class ViClipBackbone : IRewardBackbone
{
    private const string Pixels = "pixels";
    private const string Ids = "ids";

    private readonly ViClipRewardNetwork _network;
    private readonly ViClipOptions _options;
    private readonly ClipTokenizer _tokenizer;
    private readonly int _side;

    private ViClipBackbone(string folder)
    {
        Folder = folder;
        (ViClipModel model, Hashes) = ViClipFolder.Load(folder);
        _options = model.Options;
        _network = new ViClipRewardNetwork(model).ReadyForUse();
        _tokenizer = ClipTokenizer.OpenAi(_options.Towers.ContextLength);
        _side = _options.Towers.ImageSize / _options.Towers.PatchSize;
    }

    /// <inheritdoc/>
    public string Kind => "viclip";

    /// <inheritdoc/>
    public string Folder { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <summary>How well the clip fits the prompt.</summary>
    public IReadOnlyList<string> Dimensions { get; } = ["video reward"];

    /// <inheritdoc/>
    public int Channels => _options.Towers.VisionWidth + _options.Towers.EmbeddingWidth;

    /// <inheritdoc/>
    public int ClipsAtOnce => 1;

    /// <inheritdoc/>
    public nn.Module Network => _network;

    /// <inheritdoc/>
    public string VideoHeadPrefix => "video_head.";

    /// <inheritdoc/>
    public LabelScale? VideoScale => null;

    /// <exception cref="InputException">The checkpoint is missing, broken, or not ViCLIP's.</exception>
    public static ViClipBackbone Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return new ViClipBackbone(folder);
    }

    /// <inheritdoc/>
    public bool IsAdapted(string layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return layer.StartsWith("clip.vision_encoder.transformer.", StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public void Merge() => LoraAdapters.MergeAll(_network);

    /// <inheritdoc/>
    public BackboneView See(VideoClip clip, string prompt)
    {
        ArgumentNullException.ThrowIfNull(clip);
        if (string.IsNullOrWhiteSpace(prompt))
        {
            throw new InputException("The prompt is empty: expected what the video should show.");
        }

        using var scope = NewDisposeScope();
        int[] frames = [.. Enumerable.Range(0, _options.Frames).Select(i => (int)((((2L * i) + 1) * clip.Frames) / (2L * _options.Frames)))];
        Tensor frames_TCHW = clip.ToFrames(frames);
        Tensor pixels_CTHW = ClipPreprocessing.Apply(frames_TCHW, _options.Towers.ImageSize, ClipPixels.Square).transpose(0, 1).contiguous();
        Dictionary<string, Tensor> tensors = new() { [Pixels] = pixels_CTHW.MoveToOuterDisposeScope(), [Ids] = tensor(_tokenizer.Encode(prompt)).MoveToOuterDisposeScope() };
        return new BackboneView(tensors, LatticeEdges.Sampled(frames, clip.Frames, 1, _side, _side));
    }

    /// <inheritdoc/>
    public IReadOnlyList<BackboneFeatures> Read(IReadOnlyList<BackboneView> views)
    {
        ArgumentNullException.ThrowIfNull(views);
        using var scope = NewDisposeScope();
        ViClipVision vision = _network.clip.vision_encoder;
        Tensor pixels_BCTHW = stack([.. views.Select(view => view.Tensors[Pixels])]).to(Compute.Device);
        Tensor texts_BE = Unit(_network.clip.text_encoder.call(stack([.. views.Select(view => view.Tensors[Ids])]).to(Compute.Device)));
        Tensor states_BLC = vision.ln_post.call(vision.States(pixels_BCTHW));
        Tensor shown_BLE = Unit(states_BLC.matmul(vision.proj));

        // The mean of the products is the cosine; the clip's own are of unit vectors, so that their sum is.
        Tensor products_BLE = shown_BLE * texts_BE.unsqueeze(1);
        Tensor places_BNC = cat([states_BLC, products_BLE * (double)_options.Towers.EmbeddingWidth], -1).narrow(1, 1, states_BLC.shape[1] - 1);
        Tensor places_BthwC = places_BNC.unflatten(1, _options.Frames, _side, _side);
        return [.. views.Select((view, i) => new BackboneFeatures(places_BthwC[i].MoveToOuterDisposeScope(), products_BLE[i].narrow(0, 0, 1).MoveToOuterDisposeScope(), view.Lattice))];
    }

    /// <inheritdoc/>
    public Tensor VideoRewards(Tensor video_KC) => _network.video_head.call(video_KC).squeeze(0);

    /// <inheritdoc/>
    public IReadOnlyList<string> ScoreNames => Dimensions;

    /// <summary>The only one.</summary>
    public IReadOnlyList<double> Scores(IReadOnlyList<double> rewards) => rewards;

    public void Dispose() => _network.Dispose();

    private static Tensor Unit(Tensor features) => nn.functional.normalize(features, dim: -1);
}
