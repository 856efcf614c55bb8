using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Halves height and width: one row and column of zeros at the bottom and right only, then a 3×3 convolution of stride 2.</summary>
public sealed class AutoencoderDownsample : Module<Tensor, Tensor>
{
    public readonly Layers.Conv2d conv;

    public AutoencoderDownsample(int channels)
        : base(nameof(AutoencoderDownsample))
    {
        conv = new(channels, channels, [3, 3], [2, 2]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_NCHW)
    {
        using Tensor padded = functional.pad(frames_NCHW, [0, 1, 0, 1]);
        return conv.call(padded);
    }
}
