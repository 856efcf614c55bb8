using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.Wan;

/// <summary>
/// Multi-head attention of Wan2.1: biases on all four projections, queries and keys normalised over all heads together before the heads are
/// split, scale 1/√headDim, no mask. With <c>rotary</c> queries and keys are turned (self-attention); without, keys come from the text.
/// </summary>
internal sealed class WanAttention : Module<Tensor, Tensor, (Tensor Cos, Tensor Sin)?, Tensor>
{
    public readonly Linear to_q;
    public readonly Linear to_k;
    public readonly Linear to_v;
    public readonly ModuleList<Linear> to_out;
    public readonly RmsNorm norm_q;
    public readonly RmsNorm norm_k;
    private readonly int _headDim;

    public WanAttention(WanConfig config)
        : base(nameof(WanAttention))
    {
        _headDim = config.AttentionHeadDim;
        to_q = new Linear(config.Width, config.Width);
        to_k = new Linear(config.Width, config.Width);
        to_v = new Linear(config.Width, config.Width);
        to_out = new ModuleList<Linear>(new Linear(config.Width, config.Width));
        norm_q = new RmsNorm(config.Width, config.Eps);
        norm_k = new RmsNorm(config.Width, config.Eps);
        RegisterComponents();
    }

    /// <param name="hidden_BSD">The tokens that ask.</param>
    /// <param name="source_BLD">The tokens that are asked: the same ones, or the text.</param>
    /// <param name="rotary">Tables of <see cref="RotaryPairs.Tables"/>, or null.</param>
    /// <returns>[B, S, D].</returns>
    public override Tensor forward(Tensor hidden_BSD, Tensor source_BLD, (Tensor Cos, Tensor Sin)? rotary)
    {
        using var scope = NewDisposeScope();
        Tensor query_BSND = SplitHeads(norm_q.call(to_q.call(hidden_BSD)));
        Tensor key_BLND = SplitHeads(norm_k.call(to_k.call(source_BLD)));
        Tensor value_BLND = SplitHeads(to_v.call(source_BLD));
        if (rotary is (Tensor cos, Tensor sin))
        {
            query_BSND = RotaryPairs.Rotate(query_BSND, cos, sin);
            key_BLND = RotaryPairs.Rotate(key_BLND, cos, sin);
        }

        Tensor mixed_BNSD = functional.scaled_dot_product_attention(query_BSND.transpose(1, 2), key_BLND.transpose(1, 2), value_BLND.transpose(1, 2));
        return to_out[0].call(mixed_BNSD.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }

    private Tensor SplitHeads(Tensor tokens_BSD) => tokens_BSD.unflatten(2, [-1, _headDim]);
}
