using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.CogVideoX;

/// <summary>
/// Attention of text and video together, without a mask. Queries and keys are normalised head by head, with weight and bias; rotary positions turn
/// those of the video only, after that.
/// </summary>
internal sealed class CogVideoXAttention : Module<Tensor, Tensor, (Tensor Cos, Tensor Sin)?, (Tensor Video, Tensor Text)>
{
    private const double HeadNormEps = 1e-6;

    public readonly Linear to_q;
    public readonly Linear to_k;
    public readonly Linear to_v;
    public readonly ModuleList<Linear> to_out;
    public readonly LayerNorm32 norm_q;
    public readonly LayerNorm32 norm_k;
    private readonly int _headDim;

    public CogVideoXAttention(CogVideoXConfig config)
        : base(nameof(CogVideoXAttention))
    {
        _headDim = config.AttentionHeadDim;
        to_q = new Linear(config.Width, config.Width, config.AttentionBias);
        to_k = new Linear(config.Width, config.Width, config.AttentionBias);
        to_v = new Linear(config.Width, config.Width, config.AttentionBias);
        to_out = new ModuleList<Linear>(new Linear(config.Width, config.Width));
        norm_q = new LayerNorm32(_headDim, HeadNormEps, affine: true);
        norm_k = new LayerNorm32(_headDim, HeadNormEps, affine: true);
        RegisterComponents();
    }

    /// <param name="video_BSD">Video tokens.</param>
    /// <param name="text_BLD">Text tokens.</param>
    /// <param name="rotary">Tables of the video's tokens, or null.</param>
    public override (Tensor Video, Tensor Text) forward(Tensor video_BSD, Tensor text_BLD, (Tensor Cos, Tensor Sin)? rotary)
    {
        using var scope = NewDisposeScope();
        long text = text_BLD.shape[1];
        Tensor tokens_BSD = cat([text_BLD, video_BSD], dim: 1);
        Tensor query_BNSD = Turn(norm_q.call(SplitHeads(to_q.call(tokens_BSD))), text, rotary).transpose(1, 2);
        Tensor key_BNSD = Turn(norm_k.call(SplitHeads(to_k.call(tokens_BSD))), text, rotary).transpose(1, 2);
        Tensor value_BNSD = SplitHeads(to_v.call(tokens_BSD)).transpose(1, 2);
        Tensor mixed_BNSD = functional.scaled_dot_product_attention(query_BNSD, key_BNSD, value_BNSD);
        Tensor states_BSD = to_out[0].call(mixed_BNSD.transpose(1, 2).flatten(2));
        return (states_BSD.narrow(1, text, video_BSD.shape[1]).MoveToOuterDisposeScope(), states_BSD.narrow(1, 0, text).MoveToOuterDisposeScope());
    }

    private static Tensor Turn(Tensor tokens_BSND, long text, (Tensor Cos, Tensor Sin)? rotary) => rotary is (Tensor cos, Tensor sin)
        ? cat([tokens_BSND.narrow(1, 0, text), RotaryPairs.Rotate(tokens_BSND.narrow(1, text, tokens_BSND.shape[1] - text), cos, sin)], dim: 1)
        : tokens_BSND;

    private Tensor SplitHeads(Tensor tokens_BSD) => tokens_BSD.unflatten(2, [-1, _headDim]);
}
