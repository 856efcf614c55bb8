using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.CogVideoX;

/// <summary>Two residual blocks at the smallest size.</summary>
internal sealed class CogVideoXMidBlock : Module<Tensor, Tensor?, FrameCache, Tensor>
{
    public readonly ModuleList<CogVideoXResidualBlock> resnets;

    public CogVideoXMidBlock(CogVideoXVaeConfig config, bool seesLatents)
        : base(nameof(CogVideoXMidBlock))
    {
        int channels = config.BlockOutChannels[^1];
        resnets = new ModuleList<CogVideoXResidualBlock>(
            new CogVideoXResidualBlock(channels, channels, config, seesLatents), new CogVideoXResidualBlock(channels, channels, config, seesLatents));
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, Tensor? latents_BCTHW, FrameCache cache)
    {
        using Tensor states_BCTHW = resnets[0].call(frames_BCTHW, latents_BCTHW, cache);
        return resnets[1].call(states_BCTHW, latents_BCTHW, cache);
    }
}
