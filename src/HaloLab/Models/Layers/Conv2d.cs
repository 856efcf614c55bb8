using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>Convolution over [B, C, H, W].</summary>
public sealed class Conv2d : AdaptableLayer
{
    private readonly long[] _stride;
    private readonly long[] _padding;

    public Conv2d(long inChannels, long outChannels, long[] kernel, long[]? stride = null, long[]? padding = null, bool hasBias = true)
        : base(nameof(Conv2d), [outChannels, inChannels, .. kernel], hasBias)
    {
        _stride = stride ?? [1, 1];
        _padding = padding ?? [0, 0];
    }

    private protected override Tensor Apply(Tensor input, Tensor weight, Tensor? bias) =>
        Convolution.Run(input, weight, bias, (input, weight, bias) => functional.conv2d(input, weight, bias, strides: _stride, padding: _padding));

    private protected override Tensor ApplyPointwise(Tensor input, Tensor weight) =>
        Convolution.Run(input, weight, null, (input, weight, _) => functional.conv2d(input, weight));
}
