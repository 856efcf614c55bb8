using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv3d = HaloLab.Models.Layers.Conv3d;

namespace HaloLab.Rewards;

/// <summary>Clips to features on a lattice of 4×4 pixels and <see cref="RewardModelOptions.TemporalStride"/> frames, read with the prompt in mind.</summary>
internal sealed class VideoEncoder : Module<Tensor, Tensor, Tensor>
{
    public const int SpatialStride = 4;

    private readonly Conv3d _stem;
    private readonly GroupNorm _stemNorm;
    private readonly Conv3d _down;
    private readonly ModuleList<EncoderBlock> _blocks;

    public VideoEncoder(RewardModelOptions options)
        : base(nameof(VideoEncoder))
    {
        int stride = options.TemporalStride;
        _stem = new(3, options.StemChannels, [3, 4, 4], [1, 2, 2], [1, 1, 1]);
        _stemNorm = GroupNorm(8, options.StemChannels);
        _down = new(options.StemChannels, options.Channels, [stride, 2, 2], [stride, 2, 2]);
        _blocks = ModuleList(Enumerable.Range(0, options.Blocks).Select(_ => new EncoderBlock(options.Channels, options.PromptChannels)).ToArray());
        register_module("stem", _stem);
        register_module("stem_norm", _stemNorm);
        register_module("down", _down);
        register_module("blocks", _blocks);
    }

    public override Tensor forward(Tensor frames_BCTHW, Tensor prompt_BLE)
    {
        using var scope = NewDisposeScope();
        Tensor features_BCthw = _down.call(functional.silu(_stemNorm.call(_stem.call(frames_BCTHW))));
        foreach (EncoderBlock block in _blocks)
        {
            features_BCthw = block.call(features_BCthw, prompt_BLE);
        }

        return features_BCthw.MoveToOuterDisposeScope();
    }
}
