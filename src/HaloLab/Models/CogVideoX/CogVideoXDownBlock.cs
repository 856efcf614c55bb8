using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.CogVideoX;

/// <summary>A level of the encoder: residual blocks, then, unless it is the last, a step down.</summary>
internal sealed class CogVideoXDownBlock : Module<Tensor, FrameCache, Tensor>
{
    public readonly ModuleList<CogVideoXResidualBlock> resnets;
    public readonly ModuleList<CogVideoXDownsampler>? downsamplers;

    public CogVideoXDownBlock(int level, CogVideoXVaeConfig config)
        : base(nameof(CogVideoXDownBlock))
    {
        int channels = config.BlockOutChannels[level];
        int before = config.BlockOutChannels[Math.Max(level - 1, 0)];
        resnets = new ModuleList<CogVideoXResidualBlock>(
            [.. Enumerable.Range(0, config.LayersPerBlock).Select(i => new CogVideoXResidualBlock(i == 0 ? before : channels, channels, config, seesLatents: false))]);
        downsamplers = level == config.BlockOutChannels.Count - 1 ? null : new ModuleList<CogVideoXDownsampler>(new CogVideoXDownsampler(channels, level < config.TimeSteps));
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        Tensor states_BCTHW = frames_BCTHW;
        foreach (CogVideoXResidualBlock block in resnets)
        {
            states_BCTHW = block.call(states_BCTHW, null, cache);
        }

        return (downsamplers is null ? states_BCTHW : downsamplers[0].call(states_BCTHW)).MoveToOuterDisposeScope();
    }
}
