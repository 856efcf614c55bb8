using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>
/// x / sqrt(mean(x²) + ε) · weight over the last dimension (Zhang and Sennrich 2019, arXiv 1910.07467). The mean and the division are
/// computed in float32 whatever the type of the model.
/// </summary>
public sealed class RmsNorm : Module<Tensor, Tensor>
{
    public readonly Parameter weight;
    private readonly double _eps;

    /// <param name="size">Length of the last dimension.</param>
    /// <param name="eps">ε inside the root; it matters where activations are small, so take it from the model's configuration.</param>
    public RmsNorm(long size, double eps)
        : base(nameof(RmsNorm))
    {
        weight = Parameter(ones(size));
        _eps = eps;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor wide = input.to(ScalarType.Float32);
        Tensor inverse = wide.square().mean([-1], keepdim: true).add(_eps).rsqrt();
        return (wide * inverse).mul(weight).to(input.dtype).MoveToOuterDisposeScope();
    }
}
