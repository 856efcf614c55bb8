using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Wan;

/// <summary>A level of the decoder: residual blocks, then an upsampler except at full size.</summary>
public sealed class WanUpBlock : Module<Tensor, FrameCache, Tensor>
{
    public readonly ModuleList<WanResidualBlock> resnets;
    public readonly ModuleList<WanUpsampler>? upsamplers;

    /// <param name="inChannels">Channels in.</param>
    /// <param name="outChannels">Channels of the blocks.</param>
    /// <param name="blocks">Number of residual blocks.</param>
    /// <param name="doublesTime">Whether the upsampler doubles the frame rate too; null without one.</param>
    public WanUpBlock(long inChannels, long outChannels, int blocks, bool? doublesTime)
        : base(nameof(WanUpBlock))
    {
        resnets = new ModuleList<WanResidualBlock>([.. Enumerable.Range(0, blocks).Select(i => new WanResidualBlock(i == 0 ? inChannels : outChannels, outChannels))]);
        upsamplers = doublesTime is { } doubles ? new ModuleList<WanUpsampler>(new WanUpsampler(outChannels, doubles)) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        foreach (WanResidualBlock block in resnets)
        {
            frames_BCTHW = block.call(frames_BCTHW, cache);
        }

        return (upsamplers is null ? frames_BCTHW.alias() : upsamplers[0].call(frames_BCTHW, cache)).MoveToOuterDisposeScope();
    }
}
