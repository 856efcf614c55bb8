using HaloLab.Models.Layers;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld;

/// <summary>The toy video reward model as a backbone: it sees any clip at the toy world's size, and of a prompt the words that it knows.</summary>
public sealed class ToyRewardBackbone : IRewardBackbone
{
    /// <summary>Its name on the command line.</summary>
    public const string Name = "toy";

    private const string Pixels = "pixels";
    private const string Tokens = "tokens";

    private readonly RewardModel _model;
    private readonly PartsNetwork _network;
    private readonly ToyTokenizer _tokenizer = new();

    private ToyRewardBackbone(string folder)
    {
        Folder = folder;
        Hashes = new Dictionary<string, string> { [ToyRewardTraining.VideoRewardFile] = ToyRewardTraining.HashOf(folder) };
        _model = RewardModel.Load(Path.Combine(folder, ToyRewardTraining.VideoRewardFile)).ReadyForUse();
        _network = new PartsNetwork(_model.PartsBelowPatches);
    }

    /// <inheritdoc/>
    public string Kind => Name;

    /// <inheritdoc/>
    public string Folder { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Hashes { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Dimensions { get; } = ["video reward"];

    /// <inheritdoc/>
    public int Channels => _model.Options.Channels;

    /// <inheritdoc/>
    public int ClipsAtOnce => 64;

    /// <inheritdoc/>
    public nn.Module Network => _network;

    /// <inheritdoc/>
    public string VideoHeadPrefix => RewardModel.VideoHeadName + ".";

    /// <inheritdoc/>
    public LabelScale? VideoScale => _model.VideoScale;

    /// <summary>Reads the video reward model of a folder of toy checkpoints.</summary>
    /// <exception cref="InputException">There is none, or it is broken.</exception>
    public static ToyRewardBackbone Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return new ToyRewardBackbone(folder);
    }

    /// <summary>Every layer of the encoder.</summary>
    public bool IsAdapted(string layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        return layer.StartsWith("encoder.", StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public void Merge() => LoraAdapters.MergeAll(_network);

    /// <inheritdoc/>
    public BackboneView See(VideoClip clip, string prompt)
    {
        ArgumentNullException.ThrowIfNull(clip);
        using var scope = NewDisposeScope();
        VideoClip seen = ToyResampling.Fit(clip);
        Tensor pixels_CTHW = ClipBatch.ToPixels([seen])[0].contiguous();
        Tensor tokens_L = tensor(_tokenizer.Encode(ToyTokenizer.KnownPart(prompt)));
        long[] stride = [_model.Options.TemporalStride, VideoEncoder.SpatialStride];
        LatticeEdges lattice = LatticeEdges.Uniform((int)(seen.Frames / stride[0]), (int)(seen.Height / stride[1]), (int)(seen.Width / stride[1]));
        return new BackboneView(new Dictionary<string, Tensor> { [Pixels] = pixels_CTHW.MoveToOuterDisposeScope(), [Tokens] = tokens_L.MoveToOuterDisposeScope() }, lattice);
    }

    /// <inheritdoc/>
    public IReadOnlyList<BackboneFeatures> Read(IReadOnlyList<BackboneView> views)
    {
        ArgumentNullException.ThrowIfNull(views);
        using var scope = NewDisposeScope();
        Tensor frames_BCTHW = ClipBatch.ToUnitRange(stack([.. views.Select(view => view.Tensors[Pixels])]).to(Compute.Device));
        Tensor features_BthwC = _model.Features(frames_BCTHW, stack([.. views.Select(view => view.Tensors[Tokens])]).to(Compute.Device));
        return [.. views.Select((view, i) => new BackboneFeatures(features_BthwC[i].MoveToOuterDisposeScope(), features_BthwC[i].flatten(0, 2).MoveToOuterDisposeScope(), view.Lattice))];
    }

    /// <inheritdoc/>
    public Tensor VideoRewards(Tensor video_KC)
    {
        ArgumentNullException.ThrowIfNull(video_KC);
        using Tensor features_1NC = video_KC.unsqueeze(0);
        return _model.VideoReward(features_1NC);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ScoreNames => Dimensions;

    /// <summary>The only one, in the units of the grades that it was trained on.</summary>
    public IReadOnlyList<double> Scores(IReadOnlyList<double> rewards) => VideoScale is { } scale ? [.. rewards.Select(reward => (reward * scale.Deviation) + scale.Mean)] : rewards;

    public void Dispose()
    {
        _network.Dispose();
        _model.Dispose();
    }

    /// <summary>The reward model without its own patch head, which another takes the place of.</summary>
    private sealed class PartsNetwork : nn.Module
    {
        public PartsNetwork(IReadOnlyDictionary<string, nn.Module> parts)
            : base(nameof(RewardModel))
        {
            foreach ((string name, nn.Module part) in parts)
            {
                register_module(name, part);
            }
        }
    }
}
