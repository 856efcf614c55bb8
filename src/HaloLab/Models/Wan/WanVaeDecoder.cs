using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Wan;

/// <summary>From latents to frames.</summary>
public sealed class WanVaeDecoder : Module<Tensor, FrameCache, Tensor>
{
    public readonly WanCausalConv3d conv_in;
    public readonly WanMidBlock mid_block;
    public readonly ModuleList<WanUpBlock> up_blocks;
    public readonly WanChannelNorm norm_out;
    public readonly WanCausalConv3d conv_out;

    public WanVaeDecoder(WanVaeConfig config)
        : base(nameof(WanVaeDecoder))
    {
        long channels = (long)config.BaseDim * config.DimMult[^1];
        conv_in = new WanCausalConv3d(config.ZDim, channels, [3, 3, 3]);
        mid_block = new WanMidBlock(channels);
        up_blocks = [];
        for (int level = config.DimMult.Count - 1; level >= 0; level--)
        {
            long levelChannels = (long)config.BaseDim * config.DimMult[level];
            up_blocks.Add(new WanUpBlock(channels, levelChannels, config.NumResBlocks + 1, level > 0 ? config.TemperalDownsample[level - 1] : null));

            // The upsampler halves them.
            channels = level > 0 ? levelChannels / 2 : levelChannels;
        }

        norm_out = new WanChannelNorm(channels);
        conv_out = new WanCausalConv3d(channels, 3, [3, 3, 3]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor latents_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        Tensor features_BCTHW = mid_block.call(conv_in.Next(latents_BCTHW, cache), cache);
        foreach (WanUpBlock block in up_blocks)
        {
            features_BCTHW = block.call(features_BCTHW, cache);

            // The next level's tensors are larger than the gaps that this one's leave.
            FreedMemory.GiveBack();
        }

        return conv_out.Next(functional.silu(norm_out.call(features_BCTHW)), cache).MoveToOuterDisposeScope();
    }
}
