using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>Layer normalisation over the last dimension, computed in float32 whatever the type of the model; the result has the input's type.</summary>
public sealed class LayerNorm32 : Module<Tensor, Tensor>
{
    public readonly Parameter? weight;
    public readonly Parameter? bias;
    private readonly long _size;
    private readonly double _eps;

    /// <param name="size">Length of the last dimension.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="affine">Whether a learned weight and bias follow.</param>
    public LayerNorm32(long size, double eps, bool affine)
        : base(nameof(LayerNorm32))
    {
        _size = size;
        _eps = eps;
        weight = affine ? Parameter(ones(size)) : null;
        bias = affine ? Parameter(zeros(size)) : null;
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor wide = input.to(ScalarType.Float32);
        Tensor normalized = functional.layer_norm(wide, [_size], weight?.to(ScalarType.Float32), bias?.to(ScalarType.Float32), _eps);
        return normalized.to(input.dtype).MoveToOuterDisposeScope();
    }
}
