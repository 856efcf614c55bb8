using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.CogVideoX;

/// <summary>A level of the decoder: residual blocks, one more than the encoder's, then, unless it is the last, a step up.</summary>
internal sealed class CogVideoXUpBlock : Module<Tensor, Tensor, FrameCache, Tensor>
{
    public readonly ModuleList<CogVideoXResidualBlock> resnets;
    public readonly ModuleList<CogVideoXUpsampler>? upsamplers;

    public CogVideoXUpBlock(int level, CogVideoXVaeConfig config)
        : base(nameof(CogVideoXUpBlock))
    {
        int levels = config.BlockOutChannels.Count;
        int channels = config.BlockOutChannels[levels - 1 - level];
        int before = config.BlockOutChannels[Math.Min(levels - level, levels - 1)];
        resnets = new ModuleList<CogVideoXResidualBlock>(
            [.. Enumerable.Range(0, config.LayersPerBlock + 1).Select(i => new CogVideoXResidualBlock(i == 0 ? before : channels, channels, config, seesLatents: true))]);
        upsamplers = level == levels - 1 ? null : new ModuleList<CogVideoXUpsampler>(new CogVideoXUpsampler(channels, level < config.TimeSteps));
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, Tensor latents_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        Tensor states_BCTHW = frames_BCTHW;
        foreach (CogVideoXResidualBlock block in resnets)
        {
            states_BCTHW = block.call(states_BCTHW, latents_BCTHW, cache);
        }

        return (upsamplers is null ? states_BCTHW : upsamplers[0].call(states_BCTHW)).MoveToOuterDisposeScope();
    }
}
