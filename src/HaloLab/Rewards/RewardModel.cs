using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Rewards;

/// <summary>
/// The patch reward model of DESIGN D4 at toy scale: a video encoder conditioned on the prompt gives features on its own lattice; the patch head
/// gives a map of them that is pooled to any cells; the video head reads the same features.
/// </summary>
public sealed class RewardModel : Module<Tensor, Tensor, LatticeEdges, (Tensor Video_B, Tensor Patches_Bthw)>, IRewardModel
{
    private const string Format = "halolab reward model 1";
    private const int ScoringBatch = 32;
    internal const string VideoHeadName = "video_head";

    private readonly PromptEncoder _prompt;
    private readonly VideoEncoder _encoder;
    private readonly VideoHead _videoHead;
    private readonly PatchHead _patchHead;

    /// <summary>A model whose weights are not set yet: see <see cref="Create"/> and <see cref="Load"/>.</summary>
    private RewardModel(RewardModelOptions options)
        : base(nameof(RewardModel))
    {
        Options = options;
        _prompt = new PromptEncoder(options.VocabularySize, options.ContextLength, options.PromptChannels, options.PromptLayers);
        _encoder = new VideoEncoder(options);
        _videoHead = new VideoHead(options.Channels);
        _patchHead = new PatchHead(options.Channels, dimensions: 1);
        register_module("prompt", _prompt);
        register_module("encoder", _encoder);
        register_module(VideoHeadName, _videoHead);
        register_module("patch_head", _patchHead);
    }

    public RewardModelOptions Options { get; }

    /// <summary>Units of the video labels, set by training on them.</summary>
    public LabelScale? VideoScale { get; internal set; }

    /// <summary>Units of the patch labels, set by training on them.</summary>
    public LabelScale? PatchScale { get; internal set; }

    /// <summary>A fresh model with weights drawn from the seed's streams, on <see cref="Compute.Device"/>.</summary>
    public static RewardModel Create(RewardModelOptions options, long runSeed)
    {
        ArgumentNullException.ThrowIfNull(options);
        RewardModel model = new(options);
        Initialisation.Draw(model, runSeed);
        return model.to(Compute.Device);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InputException">Not a reward model, or a key is missing, unexpected or of another shape.</exception>
    public static RewardModel Load(string path)
    {
        using ModelFile file = new(path, Format);
        RewardModel model = file.Fill((RewardModelOptions options) => new RewardModel(options));
        model.VideoScale = file.Value<LabelScale?>("video_scale");
        model.PatchScale = file.Value<LabelScale?>("patch_scale");
        return model;
    }

    /// <summary>Writes weights, sizes and scales as one safetensors file.</summary>
    public void Save(string path) =>
        ModelFile.Write(path, Format, this, ("options", Options), ("video_scale", VideoScale), ("patch_scale", PatchScale));

    /// <summary>An equal model with weights of its own.</summary>
    public RewardModel Clone()
    {
        RewardModel copy = new(Options) { VideoScale = VideoScale, PatchScale = PatchScale };
        StateLoader.Load(copy, StateLoader.StateOf(this), nameof(Clone));
        return copy.to(Compute.Device);
    }

    /// <summary>The video head of features of all places.</summary>
    internal Tensor VideoReward(Tensor features_BNC) => _videoHead.call(features_BNC);

    /// <summary>Rewards in the heads' own units, with gradients.</summary>
    /// <param name="frames_BCTHW">RGB frames in [−1, 1].</param>
    /// <param name="tokens_BL">Prompts.</param>
    /// <param name="cells">Cells of the patch rewards.</param>
    public override (Tensor Video_B, Tensor Patches_Bthw) forward(Tensor frames_BCTHW, Tensor tokens_BL, LatticeEdges cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        using var scope = NewDisposeScope();
        Tensor features_BthwC = Features(frames_BCTHW, tokens_BL);
        long[] shape = features_BthwC.shape;
        Tensor map_Bthw = _patchHead.call(features_BthwC).squeeze(-1);
        LatticePooling pooling = new(LatticeEdges.Uniform((int)shape[1], (int)shape[2], (int)shape[3]), cells);
        Tensor video_B = _videoHead.call(features_BthwC.flatten(1, 3));
        return (video_B.MoveToOuterDisposeScope(), pooling.Pool(map_Bthw).MoveToOuterDisposeScope());
    }

    /// <summary>Features of every place, which both heads read.</summary>
    internal Tensor Features(Tensor frames_BCTHW, Tensor tokens_BL)
    {
        RequireSizes(frames_BCTHW, tokens_BL);
        using var scope = NewDisposeScope();
        return _encoder.call(frames_BCTHW, _prompt.call(tokens_BL)).permute(0, 2, 3, 4, 1).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>The parts without the patch head, by name.</summary>
    internal IReadOnlyDictionary<string, Module> PartsBelowPatches => new Dictionary<string, Module> { ["prompt"] = _prompt, ["encoder"] = _encoder, [VideoHeadName] = _videoHead };

    /// <inheritdoc/>
    public ClipRewards Score(Tensor frames_BCTHW, Tensor tokens_BL, LatticeEdges cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        RequireSizes(frames_BCTHW, tokens_BL);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        List<Tensor> video = [];
        List<Tensor> patches = [];
        for (long start = 0; start < frames_BCTHW.shape[0]; start += ScoringBatch)
        {
            using var batchScope = NewDisposeScope();
            long length = Math.Min(ScoringBatch, frames_BCTHW.shape[0] - start);
            (Tensor video_B, Tensor patches_Bthw) = call(
                frames_BCTHW.narrow(0, start, length).to(Compute.Device), tokens_BL.narrow(0, start, length).to(Compute.Device), cells);
            video.Add((VideoScale ?? LabelScale.Identity).ToReward(video_B).cpu().MoveToOuterDisposeScope());
            patches.Add((PatchScale ?? LabelScale.Identity).ToReward(patches_Bthw).cpu().MoveToOuterDisposeScope());
        }

        return new ClipRewards(cat(video).MoveToOuterDisposeScope(), cat(patches).MoveToOuterDisposeScope());
    }

    /// <summary>Scores clips of one size.</summary>
    /// <param name="clips">The clips.</param>
    /// <param name="tokens">The prompt of each, as token ids.</param>
    /// <param name="cells">The patches.</param>
    public ClipRewards Score(IReadOnlyList<VideoClip> clips, IReadOnlyList<long[]> tokens, LatticeEdges cells)
    {
        using var scope = NewDisposeScope();
        ClipRewards rewards = Score(ClipBatch.ToUnitRange(ClipBatch.ToPixels(clips)), ClipSet.TokensOf(tokens), cells);
        rewards.Video_B.MoveToOuterDisposeScope();
        rewards.Patches_Bthw.MoveToOuterDisposeScope();
        return rewards;
    }

    private void RequireSizes(Tensor frames_BCTHW, Tensor tokens_BL)
    {
        ArgumentNullException.ThrowIfNull(frames_BCTHW);
        ArgumentNullException.ThrowIfNull(tokens_BL);
        long[] shape = frames_BCTHW.shape;
        if (shape.Length != 5 || shape[1] != 3 || shape[2] % Options.TemporalStride != 0
            || shape[3] % VideoEncoder.SpatialStride != 0 || shape[4] % VideoEncoder.SpatialStride != 0)
        {
            throw new InputException(
                $"The reward model got frames of shape [{string.Join(", ", shape)}], expected [clips, 3, frames, height, width] with frames a multiple of "
                + $"{Options.TemporalStride}, height and width multiples of {VideoEncoder.SpatialStride}. Resample the clips first.");
        }

        if (tokens_BL.dim() != 2 || tokens_BL.shape[0] != shape[0] || tokens_BL.shape[1] != Options.ContextLength)
        {
            throw new InputException(
                $"The reward model got tokens of shape [{string.Join(", ", tokens_BL.shape)}], expected [{shape[0]}, {Options.ContextLength}]: one prompt per clip, from the tokenizer it was trained with.");
        }
    }
}
