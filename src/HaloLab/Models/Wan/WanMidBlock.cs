using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Wan;

/// <summary>Residual block, attention, residual block, at the smallest size.</summary>
public sealed class WanMidBlock : Module<Tensor, FrameCache, Tensor>
{
    public readonly ModuleList<WanVaeAttention> attentions;
    public readonly ModuleList<WanResidualBlock> resnets;

    public WanMidBlock(long channels)
        : base(nameof(WanMidBlock))
    {
        attentions = new ModuleList<WanVaeAttention>(new WanVaeAttention(channels));
        resnets = new ModuleList<WanResidualBlock>(new WanResidualBlock(channels, channels), new WanResidualBlock(channels, channels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        return resnets[1].call(attentions[0].call(resnets[0].call(frames_BCTHW, cache)), cache).MoveToOuterDisposeScope();
    }
}
