using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Pre-norm block of the text tower: attention, then a feed-forward of width 4C with exact GELU.</summary>
public sealed class TextBlock : Module<Tensor, Tensor>
{
    public readonly LayerNorm ln_1;
    public readonly TextAttention attn;
    public readonly LayerNorm ln_2;
    public readonly Sequential mlp;

    public TextBlock(int width, int heads)
        : base(nameof(TextBlock))
    {
        ln_1 = LayerNorm(width);
        attn = new(width, heads);
        ln_2 = LayerNorm(width);
        mlp = Sequential(("c_fc", new Layers.Linear(width, 4 * width)), ("gelu", GELU()), ("c_proj", new Layers.Linear(4 * width, width)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BLC)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_BLC = tokens_BLC.add(attn.call(ln_1.call(tokens_BLC)));
        return hidden_BLC.add(mlp.call(ln_2.call(hidden_BLC))).MoveToOuterDisposeScope();
    }
}
