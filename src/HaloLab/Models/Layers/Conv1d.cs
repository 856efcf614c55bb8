using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>Convolution over [B, C, L].</summary>
public sealed class Conv1d : AdaptableLayer
{
    private readonly long[] _stride;
    private readonly long[] _padding;

    public Conv1d(long inChannels, long outChannels, long[] kernel, long[]? stride = null, long[]? padding = null, bool hasBias = true)
        : base(nameof(Conv1d), [outChannels, inChannels, .. kernel], hasBias)
    {
        _stride = stride ?? [1];
        _padding = padding ?? [0];
    }

    private protected override Tensor Apply(Tensor input, Tensor weight, Tensor? bias) =>
        Convolution.Run(input, weight, bias, (input, weight, bias) => functional.conv1d(input, weight, bias, stride: _stride[0], padding: _padding[0]));

    private protected override Tensor ApplyPointwise(Tensor input, Tensor weight) =>
        Convolution.Run(input, weight, null, (input, weight, _) => functional.conv1d(input, weight));
}
