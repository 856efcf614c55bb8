using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Halves height and width by a 3×3 convolution of stride 2.</summary>
public sealed class Downsample : Module<Tensor, Tensor>
{
    public readonly Layers.Conv2d op;

    public Downsample(int channels)
        : base(nameof(Downsample))
    {
        op = new(channels, channels, [3, 3], [2, 2], [1, 1]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_NCHW) => op.call(frames_NCHW);
}
