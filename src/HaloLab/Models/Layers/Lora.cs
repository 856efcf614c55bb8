using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>
/// The low-rank addition to one layer (LoRA, Hu et al. 2021, arXiv 2106.09685): ΔW = scale · B A, with A of rank × in, B of out × rank.
/// For convolutions A has the layer's kernel, stride and padding and B is 1×1, as in peft. B starts at 0, so a fresh adapter changes nothing.
/// </summary>
public sealed class Lora : Module
{
    public readonly Parameter lora_A;
    public readonly Parameter lora_B;

    /// <param name="weight">The layer's weight, out × in × kernel.</param>
    /// <param name="rank">Rank, at least 1.</param>
    /// <param name="scale">α / rank, or what the file's rule says.</param>
    internal Lora(Tensor weight, int rank, double scale)
        : base(nameof(Lora))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        long[] shapeA = [rank, .. weight.shape.Skip(1)];
        long[] shapeB = [weight.shape[0], rank, .. Enumerable.Repeat(1L, weight.shape.Length - 2)];
        lora_A = Parameter(zeros(shapeA, dtype: weight.dtype, device: weight.device));
        lora_B = Parameter(zeros(shapeB, dtype: weight.dtype, device: weight.device));
        Scale = scale;
        RegisterComponents();
    }

    /// <summary>Factor on B A.</summary>
    public double Scale { get; }

    /// <summary>Switches the addition off: the layer then is the reference, bit for bit.</summary>
    public bool Enabled { get; set; } = true;
}
