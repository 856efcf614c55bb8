using HaloLab.Models.Layers;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Wan;

/// <summary>
/// One block: modulated self-attention, cross-attention to the text (neither modulated nor gated), modulated feed-forward. Shift, scale and
/// gate of the first and the last are <see cref="scale_shift_table"/> plus the timestep's projection.
/// </summary>
/// <remarks><see cref="norm2"/> stands before the cross-attention and is the only norm with weights; the original code calls it norm3.</remarks>
internal sealed class WanBlock : Module<Tensor, Tensor, Tensor, (Tensor Cos, Tensor Sin), Tensor>, IInitialised
{
    public readonly LayerNorm32 norm1;
    public readonly WanAttention attn1;
    public readonly LayerNorm32? norm2;
    public readonly WanAttention attn2;
    public readonly LayerNorm32 norm3;
    public readonly GeluFeedForward ffn;
    public readonly Parameter scale_shift_table;

    public WanBlock(WanConfig config)
        : base(nameof(WanBlock))
    {
        norm1 = new LayerNorm32(config.Width, config.Eps, affine: false);
        attn1 = new WanAttention(config);
        norm2 = config.CrossAttnNorm ? new LayerNorm32(config.Width, config.Eps, affine: true) : null;
        attn2 = new WanAttention(config);
        norm3 = new LayerNorm32(config.Width, config.Eps, affine: false);
        ffn = new GeluFeedForward(config.Width, config.FfnDim);
        scale_shift_table = Parameter(zeros(1, 6, config.Width));
        RegisterComponents();
    }

    /// <param name="hidden_BSD">Video tokens.</param>
    /// <param name="text_BLD">Text tokens.</param>
    /// <param name="time_B6D">The timestep's projection.</param>
    /// <param name="rotary">Rotary tables of the video tokens.</param>
    /// <returns>[B, S, D].</returns>
    public override Tensor forward(Tensor hidden_BSD, Tensor text_BLD, Tensor time_B6D, (Tensor Cos, Tensor Sin) rotary)
    {
        using var scope = NewDisposeScope();
        Tensor[] modulation_B1D = (scale_shift_table + time_B6D.to(ScalarType.Float32)).chunk(6, dim: 1);

        Tensor normalized_BSD = Modulate(norm1.call(hidden_BSD), modulation_B1D[0], modulation_B1D[1]);
        Tensor states_BSD = AddGated(hidden_BSD, attn1.call(normalized_BSD, normalized_BSD, rotary), modulation_B1D[2]);

        normalized_BSD = norm2?.call(states_BSD) ?? states_BSD;
        states_BSD = states_BSD + attn2.call(normalized_BSD, text_BLD, null);

        normalized_BSD = Modulate(norm3.call(states_BSD), modulation_B1D[3], modulation_B1D[4]);
        return AddGated(states_BSD, ffn.call(normalized_BSD), modulation_B1D[5]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Initialise(Func<string, RandomStream> streamOf) => DrawTable(scale_shift_table, streamOf(nameof(scale_shift_table)));

    /// <summary>Normal numbers of variance 1 / width, as the original code starts its modulation tables.</summary>
    internal static void DrawTable(Tensor table, RandomStream stream) => Initialisation.Normal(table, 1 / Math.Sqrt(table.shape[^1]), stream);

    /// <summary>x (1 + scale) + shift, in float32, returned in the type of x.</summary>
    internal static Tensor Modulate(Tensor input_BSD, Tensor shift_B1D, Tensor scale_B1D) =>
        ((input_BSD.to(ScalarType.Float32) * (1 + scale_B1D)) + shift_B1D).to(input_BSD.dtype);

    private static Tensor AddGated(Tensor input_BSD, Tensor update_BSD, Tensor gate_B1D) =>
        (input_BSD.to(ScalarType.Float32) + (update_BSD.to(ScalarType.Float32) * gate_B1D)).to(input_BSD.dtype);
}
