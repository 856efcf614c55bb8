using HaloLab.Models.Layers;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Clip;

/// <summary>Multi-head self-attention with one projection for query, key and value, in that order.</summary>
public sealed class ClipAttention : Module<Tensor, Tensor>, IInitialised
{
    public readonly Parameter in_proj_weight;
    public readonly Parameter in_proj_bias;
    public readonly Layers.Linear out_proj;

    private readonly int _heads;
    private readonly bool _isCausal;

    /// <param name="width">Width of the tokens, a multiple of <paramref name="heads"/>.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="isCausal">Whether a token sees only those before it and itself, as in CLIP's text.</param>
    public ClipAttention(int width, int heads, bool isCausal)
        : base(nameof(ClipAttention))
    {
        if (width % heads != 0)
        {
            throw new ArgumentException($"{heads} heads do not divide a width of {width}.", nameof(heads));
        }

        (_heads, _isCausal) = (heads, isCausal);
        in_proj_weight = Parameter(empty(3 * width, width));
        in_proj_bias = Parameter(zeros(3 * width));
        out_proj = new(width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BLC)
    {
        using var scope = NewDisposeScope();
        Tensor[] parts = functional.linear(tokens_BLC, in_proj_weight, in_proj_bias).chunk(3, -1);
        Tensor attended_BHLC = functional.scaled_dot_product_attention(Heads(parts[0]), Heads(parts[1]), Heads(parts[2]), is_casual: _isCausal);
        return out_proj.call(attended_BHLC.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }

    void IInitialised.Initialise(Func<string, RandomStream> streamOf)
    {
        Initialisation.Normal(in_proj_weight, 1 / Math.Sqrt(in_proj_weight.shape[1]), streamOf(nameof(in_proj_weight)));
        Initialisation.Normal(in_proj_bias, 0, streamOf(nameof(in_proj_bias)));
    }

    private Tensor Heads(Tensor part_BLC) => part_BLC.unflatten(2, _heads, -1).transpose(1, 2);
}
