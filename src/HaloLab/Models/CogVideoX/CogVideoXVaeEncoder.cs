using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.CogVideoX;

/// <summary>Frames to the moments of their latents.</summary>
internal sealed class CogVideoXVaeEncoder : Module<Tensor, FrameCache, Tensor>
{
    private const int PixelChannels = 3;

    public readonly CogVideoXCausalConv3d conv_in;
    public readonly ModuleList<CogVideoXDownBlock> down_blocks;
    public readonly CogVideoXMidBlock mid_block;
    public readonly CogVideoXGroupNorm norm_out;
    public readonly CogVideoXCausalConv3d conv_out;

    public CogVideoXVaeEncoder(CogVideoXVaeConfig config)
        : base(nameof(CogVideoXVaeEncoder))
    {
        conv_in = new CogVideoXCausalConv3d(PixelChannels, config.BlockOutChannels[0], kernel: 3);
        down_blocks = new ModuleList<CogVideoXDownBlock>([.. Enumerable.Range(0, config.BlockOutChannels.Count).Select(level => new CogVideoXDownBlock(level, config))]);
        mid_block = new CogVideoXMidBlock(config, seesLatents: false);
        norm_out = new CogVideoXGroupNorm(config.BlockOutChannels[^1], config);
        conv_out = new CogVideoXCausalConv3d(config.BlockOutChannels[^1], 2 * config.LatentChannels, kernel: 3);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        Tensor states_BCTHW = conv_in.call(frames_BCTHW, cache);
        foreach (CogVideoXDownBlock block in down_blocks)
        {
            states_BCTHW = block.call(states_BCTHW, cache);
        }

        states_BCTHW = mid_block.call(states_BCTHW, null, cache);
        return conv_out.call(functional.silu(norm_out.call(states_BCTHW, null)), cache).MoveToOuterDisposeScope();
    }
}
