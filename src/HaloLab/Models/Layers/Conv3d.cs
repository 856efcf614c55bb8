using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>Convolution over [B, C, T, H, W].</summary>
public sealed class Conv3d : AdaptableLayer
{
    private readonly long[] _stride;
    private readonly long[] _padding;

    public Conv3d(long inChannels, long outChannels, long[] kernel, long[]? stride = null, long[]? padding = null, bool hasBias = true)
        : base(nameof(Conv3d), [outChannels, inChannels, .. kernel], hasBias)
    {
        _stride = stride ?? [1, 1, 1];
        _padding = padding ?? [0, 0, 0];
    }

    private protected override Tensor Apply(Tensor input, Tensor weight, Tensor? bias) =>
        functional.conv3d(input, weight, bias, strides: _stride, padding: _padding);

    private protected override Tensor ApplyPointwise(Tensor input, Tensor weight) => functional.conv3d(input, weight);
}
