using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Wan;

/// <summary>From frames to twice the latent channels. Residual blocks and downsamplers stand in one flat list, as in the published files.</summary>
public sealed class WanVaeEncoder : Module<Tensor, FrameCache, Tensor>
{
    public readonly WanCausalConv3d conv_in;
    public readonly ModuleList<Module<Tensor, FrameCache, Tensor>> down_blocks;
    public readonly WanMidBlock mid_block;
    public readonly WanChannelNorm norm_out;
    public readonly WanCausalConv3d conv_out;

    public WanVaeEncoder(WanVaeConfig config)
        : base(nameof(WanVaeEncoder))
    {
        long channels = config.BaseDim;
        conv_in = new WanCausalConv3d(3, channels, [3, 3, 3]);
        down_blocks = [];
        for (int level = 0; level < config.DimMult.Count; level++)
        {
            long levelChannels = (long)config.BaseDim * config.DimMult[level];
            for (int i = 0; i < config.NumResBlocks; i++)
            {
                down_blocks.Add(new WanResidualBlock(channels, levelChannels));
                channels = levelChannels;
            }

            if (level < config.DimMult.Count - 1)
            {
                down_blocks.Add(new WanDownsampler(channels, config.TemperalDownsample[level]));
            }
        }

        mid_block = new WanMidBlock(channels);
        norm_out = new WanChannelNorm(channels);
        conv_out = new WanCausalConv3d(channels, 2 * config.ZDim, [3, 3, 3]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        Tensor features_BCTHW = conv_in.Next(frames_BCTHW, cache);
        foreach (Module<Tensor, FrameCache, Tensor> block in down_blocks)
        {
            features_BCTHW = block.call(features_BCTHW, cache);
        }

        return conv_out.Next(functional.silu(norm_out.call(mid_block.call(features_BCTHW, cache))), cache).MoveToOuterDisposeScope();
    }
}
