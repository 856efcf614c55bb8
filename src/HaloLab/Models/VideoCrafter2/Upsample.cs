using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Doubles height and width (nearest neighbour), then a 3×3 convolution.</summary>
public sealed class Upsample : Module<Tensor, Tensor>
{
    public readonly Layers.Conv2d conv;

    public Upsample(int channels)
        : base(nameof(Upsample))
    {
        conv = new(channels, channels, [3, 3], padding: [1, 1]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor frames_NCHW)
    {
        using Tensor larger = functional.interpolate(frames_NCHW, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
        return conv.call(larger);
    }
}
