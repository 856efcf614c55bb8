using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Residual block of the autoencoder: twice group norm (eps 1e-6), SiLU and a 3×3 convolution.</summary>
public sealed class AutoencoderResBlock : Module<Tensor, Tensor>
{
    public readonly GroupNorm norm1;
    public readonly Layers.Conv2d conv1;
    public readonly GroupNorm norm2;
    public readonly Layers.Conv2d conv2;
    public readonly Layers.Conv2d? nin_shortcut;

    public AutoencoderResBlock(int inChannels, int outChannels, int normGroups)
        : base(nameof(AutoencoderResBlock))
    {
        norm1 = GroupNorm(normGroups, inChannels, 1e-6);
        conv1 = new(inChannels, outChannels, [3, 3], padding: [1, 1]);
        norm2 = GroupNorm(normGroups, outChannels, 1e-6);
        conv2 = new(outChannels, outChannels, [3, 3], padding: [1, 1]);
        nin_shortcut = inChannels == outChannels ? null : new(inChannels, outChannels, [1, 1]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_NCHW)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_NCHW = conv1.call(functional.silu(norm1.call(frames_NCHW)));
        hidden_NCHW = conv2.call(functional.silu(norm2.call(hidden_NCHW)));
        return hidden_NCHW.add(nin_shortcut?.call(frames_NCHW) ?? frames_NCHW).MoveToOuterDisposeScope();
    }
}
