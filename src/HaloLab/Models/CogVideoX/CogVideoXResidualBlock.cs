using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Conv3d = HaloLab.Models.Layers.Conv3d;

namespace HaloLab.Models.CogVideoX;

/// <summary>Norm, SiLU, convolution, twice, added to the input.</summary>
internal sealed class CogVideoXResidualBlock : Module<Tensor, Tensor?, FrameCache, Tensor>
{
    public readonly Module<Tensor, Tensor?, Tensor> norm1;
    public readonly CogVideoXCausalConv3d conv1;
    public readonly Module<Tensor, Tensor?, Tensor> norm2;
    public readonly CogVideoXCausalConv3d conv2;
    public readonly Conv3d? conv_shortcut;

    /// <param name="inChannels">Channels in.</param>
    /// <param name="outChannels">Channels out.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="seesLatents">Whether its norms are the decoder's.</param>
    public CogVideoXResidualBlock(int inChannels, int outChannels, CogVideoXVaeConfig config, bool seesLatents)
        : base(nameof(CogVideoXResidualBlock))
    {
        norm1 = Norm(inChannels, config, seesLatents);
        conv1 = new CogVideoXCausalConv3d(inChannels, outChannels, kernel: 3);
        norm2 = Norm(outChannels, config, seesLatents);
        conv2 = new CogVideoXCausalConv3d(outChannels, outChannels, kernel: 3);
        conv_shortcut = inChannels == outChannels ? null : new Conv3d(inChannels, outChannels, [1, 1, 1]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_BCTHW, Tensor? latents_BCTHW, FrameCache cache)
    {
        using var scope = NewDisposeScope();
        Tensor states_BCTHW = conv1.call(functional.silu(norm1.call(frames_BCTHW, latents_BCTHW)), cache);
        states_BCTHW = conv2.call(functional.silu(norm2.call(states_BCTHW, latents_BCTHW)), cache);
        return ((conv_shortcut?.call(frames_BCTHW) ?? frames_BCTHW) + states_BCTHW).MoveToOuterDisposeScope();
    }

    internal static Module<Tensor, Tensor?, Tensor> Norm(int channels, CogVideoXVaeConfig config, bool seesLatents) =>
        seesLatents ? new CogVideoXSpatialNorm(channels, config) : new CogVideoXGroupNorm(channels, config);
}
