using HaloLab.Checkpoints;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>
/// The trained form of a <see cref="LoraLayer"/>. For convolutions A has the layer's kernel, stride and padding and B is 1×1, as in peft. B starts at 0, so
/// a fresh adapter changes nothing. They are float32 beside a bfloat16 weight: a step of training is smaller than bfloat16 can add.
/// </summary>
public sealed class Lora : Module, IInitialised
{
    public readonly Parameter lora_A;
    public readonly Parameter lora_B;
    public readonly Parameter? lora_magnitude_vector;

    /// <param name="weight">The layer's weight, out × in × kernel.</param>
    /// <param name="rank">Rank, at least 1.</param>
    /// <param name="scale">Factor on B A: α / rank, or what the file's rule says.</param>
    /// <param name="hasMagnitude">Whether the adapter has DoRA's magnitudes.</param>
    internal Lora(Tensor weight, int rank, double scale, bool hasMagnitude)
        : base(nameof(Lora))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        ScalarType type = weight.dtype == ScalarType.BFloat16 ? ScalarType.Float32 : weight.dtype;
        long[] ones = [.. Enumerable.Repeat(1L, weight.shape.Length - 2)];
        lora_A = Parameter(zeros([rank, .. weight.shape.Skip(1)], dtype: type, device: weight.device));
        lora_B = Parameter(zeros([weight.shape[0], rank, .. ones], dtype: type, device: weight.device));
        long[] magnitudes = weight.shape.Length == 2 ? [weight.shape[0]] : [1, weight.shape[0], .. ones];
        lora_magnitude_vector = hasMagnitude ? Parameter(zeros(magnitudes, dtype: type, device: weight.device)) : null;
        Scale = scale;
        RegisterComponents();
    }

    /// <summary>Factor on B A.</summary>
    public double Scale { get; }

    /// <summary>How strongly the adapter counts: a further factor on <see cref="Scale"/>, 1 by default.</summary>
    public double Strength { get; set; } = 1;

    /// <summary>Switches the addition off: the layer then is the reference, bit for bit.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The adapter as a file holds it; the tensors are the module's own.</summary>
    public LoraLayer Layer => new(lora_A, lora_B, Scale * Strength, lora_magnitude_vector);

    /// <summary>As a fresh adapter: A Kaiming-uniform with a = √5, B zero.</summary>
    void IInitialised.Initialise(Func<string, RandomStream> streamOf)
    {
        Initialisation.Uniform(lora_A, Math.Sqrt((double)lora_A.shape[0] / lora_A.NumberOfElements), streamOf(nameof(lora_A)));
        streamOf(nameof(lora_B));
        lora_B.zero_();
    }
}
