using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Benchmarks.Speed;

/// <summary>Self-attention and feed-forward, both shifted, scaled and gated by the timestep; attention to the text between them.</summary>
internal sealed class VideoDitBlock : Module<Tensor, Tensor, Tensor, Tensor>
{
    public readonly Parameter table;
    public readonly HeadedAttention attn1;
    public readonly HeadedAttention attn2;
    public readonly LayerNorm32 norm2;
    public readonly Linear up;
    public readonly Linear down;
    private readonly LayerNorm32 _norm;

    public VideoDitBlock(VideoDitOptions options)
        : base(nameof(VideoDitBlock))
    {
        table = Parameter(zeros(6, options.Dim));
        attn1 = new HeadedAttention(options.Dim, options.Dim, options.Heads, isNormalised: true);
        attn2 = new HeadedAttention(options.Dim, options.Dim, options.Heads, isNormalised: true);
        norm2 = new LayerNorm32(options.Dim, VideoDit.Eps, affine: true);
        up = new Linear(options.Dim, options.Ffn);
        down = new Linear(options.Ffn, options.Dim);
        _norm = new LayerNorm32(options.Dim, VideoDit.Eps, affine: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BSD, Tensor text_BLD, Tensor modulation_B6D)
    {
        using var scope = NewDisposeScope();
        Tensor[] parts_B1D = (modulation_B6D + table).chunk(6, dim: 1);
        Tensor modulated_BSD = VideoDit.Modulate(_norm.call(tokens_BSD), parts_B1D[0], parts_B1D[1]);
        Tensor states_BSD = tokens_BSD + (attn1.call(modulated_BSD, modulated_BSD) * parts_B1D[2]);
        states_BSD = states_BSD + attn2.call(norm2.call(states_BSD), text_BLD);
        modulated_BSD = VideoDit.Modulate(_norm.call(states_BSD), parts_B1D[3], parts_B1D[4]);
        Tensor inner_BSF = functional.gelu(up.call(modulated_BSD), TorchSharp.Modules.GELU.Approximate.tanh);
        return (states_BSD + (down.call(inner_BSF) * parts_B1D[5])).MoveToOuterDisposeScope();
    }
}
