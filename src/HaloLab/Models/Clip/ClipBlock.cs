using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Clip;

/// <summary>Pre-norm block of CLIP's towers: attention, then a feed-forward of width 4C.</summary>
public sealed class ClipBlock : Module<Tensor, Tensor>
{
    public readonly LayerNorm ln_1;
    public readonly ClipAttention attn;
    public readonly LayerNorm ln_2;
    public readonly Sequential mlp;

    /// <param name="width">C.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="isCausal">As for <see cref="ClipAttention"/>.</param>
    /// <param name="quickGelu">Whether the activation is x · sigmoid(1.702 x), as in OpenAI's weights, instead of exact GELU. The wrong one loads without error.</param>
    public ClipBlock(int width, int heads, bool isCausal, bool quickGelu = false)
        : base(nameof(ClipBlock))
    {
        ln_1 = LayerNorm(width);
        attn = new(width, heads, isCausal);
        ln_2 = LayerNorm(width);
        mlp = Sequential(("c_fc", new Layers.Linear(width, 4 * width)), ("gelu", quickGelu ? new QuickGelu() : GELU()), ("c_proj", new Layers.Linear(4 * width, width)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BLC)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_BLC = tokens_BLC.add(attn.call(ln_1.call(tokens_BLC)));
        return hidden_BLC.add(mlp.call(ln_2.call(hidden_BLC))).MoveToOuterDisposeScope();
    }
}
