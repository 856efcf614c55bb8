using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>
/// What an adapter says about one layer: W + scale · B A (LoRA, Hu et al. 2021, arXiv 2106.09685), or with magnitudes m that sum brought to length m per
/// output (DoRA, Liu et al. 2024, arXiv 2402.09353).
/// </summary>
/// <param name="A">rank × inputs × kernel.</param>
/// <param name="B">outputs × rank × 1 ….</param>
/// <param name="Scale">Factor on B A.</param>
/// <param name="Magnitude">DoRA's m, one value per output, or null.</param>
public sealed record LoraLayer(Tensor A, Tensor B, double Scale, Tensor? Magnitude = null)
{
    public int Rank => (int)A.shape[0];

    /// <summary>The weight that the layer has with the adapter; the caller disposes it. DoRA's norm counts as a constant for gradients (its section 4.3).</summary>
    /// <param name="weight">The layer's own weight, outputs × inputs × kernel.</param>
    public Tensor Merged(Tensor weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        using var scope = NewDisposeScope();
        Tensor merged = weight.to(B.dtype).add(B.flatten(1).matmul(A.flatten(1)).view(weight.shape), Scale);
        if (Magnitude is not null)
        {
            Tensor length_O = merged.detach().flatten(1).square().sum(1).sqrt();
            merged = merged * (Magnitude.flatten() / length_O).view([-1, .. Enumerable.Repeat(1L, weight.shape.Length - 1)]);
        }

        return merged.MoveToOuterDisposeScope();
    }
}
