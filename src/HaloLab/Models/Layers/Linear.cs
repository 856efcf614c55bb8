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

    private protected override Tensor Apply(Tensor input, Tensor weight, Tensor? bias)
    {
        // With strided inputs torch's matmul picks its kernel by whether the weight needs a gradient, so freezing a model would change its bits.
        using Tensor contiguous = input.contiguous();
        return functional.linear(contiguous, weight, bias);
    }

    private protected override Tensor ApplyPointwise(Tensor input, Tensor weight) => functional.linear(input, weight);
}
