using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.CogVideoX;

/// <summary>Latents to frames.</summary>
internal sealed class CogVideoXVaeDecoder : Module<Tensor, FrameCache, Tensor>
{
    private const int PixelChannels = 3;

    public readonly CogVideoXCausalConv3d conv_in;
    public readonly CogVideoXMidBlock mid_block;
    public readonly ModuleList<CogVideoXUpBlock> up_blocks;
    public readonly CogVideoXSpatialNorm norm_out;
    public readonly CogVideoXCausalConv3d conv_out;

    public CogVideoXVaeDecoder(CogVideoXVaeConfig config)
        : base(nameof(CogVideoXVaeDecoder))
    {
        conv_in = new CogVideoXCausalConv3d(config.LatentChannels, config.BlockOutChannels[^1], kernel: 3);
        mid_block = new CogVideoXMidBlock(config, seesLatents: true);
        up_blocks = new ModuleList<CogVideoXUpBlock>([.. Enumerable.Range(0, config.BlockOutChannels.Count).Select(level => new CogVideoXUpBlock(level, config))]);
        norm_out = new CogVideoXSpatialNorm(config.BlockOutChannels[0], config);
        conv_out = new CogVideoXCausalConv3d(config.BlockOutChannels[0], PixelChannels, kernel: 3);
        RegisterComponents();
    }

    public override Tensor forward(Tensor latents_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        Tensor states_BCTHW = mid_block.call(conv_in.call(latents_BCTHW, cache), latents_BCTHW, cache);
        foreach (CogVideoXUpBlock block in up_blocks)
        {
            states_BCTHW = block.call(states_BCTHW, latents_BCTHW, cache);
        }

        return conv_out.call(functional.silu(norm_out.call(states_BCTHW, latents_BCTHW)), cache).MoveToOuterDisposeScope();
    }
}
