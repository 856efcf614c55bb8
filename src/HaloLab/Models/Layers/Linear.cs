using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>y = x Wᵀ + b over the last dimension.</summary>
public sealed class Linear : AdaptableLayer
{
    public Linear(long inFeatures, long outFeatures, bool hasBias = true)
        : base(nameof(Linear), [outFeatures, inFeatures], hasBias)
    {
    }

    private protected override Tensor Apply(Tensor input, Tensor weight, Tensor? bias) => functional.linear(input, weight, bias);

    private protected override Tensor ApplyPointwise(Tensor input, Tensor weight) => functional.linear(input, weight);
}
