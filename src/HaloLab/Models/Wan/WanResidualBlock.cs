using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Wan;

/// <summary>x + conv2(silu(norm2(conv1(silu(norm1(x)))))), x through a 1×1×1 convolution where the number of channels changes.</summary>
public sealed class WanResidualBlock : Module<Tensor, FrameCache, Tensor>
{
    public readonly WanChannelNorm norm1;
    public readonly WanCausalConv3d conv1;
    public readonly WanChannelNorm norm2;
    public readonly WanCausalConv3d conv2;
    public readonly WanCausalConv3d? conv_shortcut;

    public WanResidualBlock(long inChannels, long outChannels)
        : base(nameof(WanResidualBlock))
    {
        norm1 = new WanChannelNorm(inChannels);
        conv1 = new WanCausalConv3d(inChannels, outChannels, [3, 3, 3]);
        norm2 = new WanChannelNorm(outChannels);
        conv2 = new WanCausalConv3d(outChannels, outChannels, [3, 3, 3]);
        conv_shortcut = inChannels == outChannels ? null : new WanCausalConv3d(inChannels, outChannels, [1, 1, 1]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        Tensor inner_BCTHW = conv1.Next(functional.silu(norm1.call(frames_BCTHW)), cache);
        inner_BCTHW = conv2.Next(functional.silu(norm2.call(inner_BCTHW)), cache);
        Tensor shortcut_BCTHW = conv_shortcut?.Next(frames_BCTHW, cache) ?? frames_BCTHW;
        return (shortcut_BCTHW + inner_BCTHW).MoveToOuterDisposeScope();
    }
}
