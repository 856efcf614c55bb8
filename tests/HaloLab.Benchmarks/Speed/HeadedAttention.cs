using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Benchmarks.Speed;

/// <summary>Multi-head attention with biases on all four projections; queries and keys perhaps normalised over the full width.</summary>
internal sealed class HeadedAttention : Module<Tensor, Tensor, Tensor>
{
    private const double Eps = 1e-6;

    public readonly Linear to_q;
    public readonly Linear to_k;
    public readonly Linear to_v;
    public readonly Linear to_out;
    public readonly Parameter? q_scale;
    public readonly Parameter? k_scale;
    private readonly int _heads;

    public HeadedAttention(int width, int contextWidth, int heads, bool isNormalised)
        : base(nameof(HeadedAttention))
    {
        _heads = heads;
        to_q = new Linear(width, width);
        to_k = new Linear(contextWidth, width);
        to_v = new Linear(contextWidth, width);
        to_out = new Linear(width, width);
        q_scale = isNormalised ? Parameter(ones(width)) : null;
        k_scale = isNormalised ? Parameter(ones(width)) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BSD, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        Tensor query_BNSD = SplitHeads(Normalised(to_q.call(tokens_BSD), q_scale));
        Tensor key_BNLD = SplitHeads(Normalised(to_k.call(context_BLD), k_scale));
        Tensor value_BNLD = SplitHeads(to_v.call(context_BLD));
        Tensor mixed_BNSD = functional.scaled_dot_product_attention(query_BNSD, key_BNLD, value_BNLD);
        return to_out.call(mixed_BNSD.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }

    private static Tensor Normalised(Tensor tokens_BSD, Parameter? scale) =>
        scale is null ? tokens_BSD : tokens_BSD * tokens_BSD.square().mean([-1], keepdim: true).add(Eps).rsqrt() * scale;

    private Tensor SplitHeads(Tensor tokens_BSD) => tokens_BSD.unflatten(2, [_heads, -1]).transpose(1, 2);
}
