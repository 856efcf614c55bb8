using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Dino;

/// <summary>Pre-norm block.</summary>
public sealed class DinoBlock : Module<Tensor, Tensor>
{
    public readonly LayerNorm norm1;
    public readonly DinoAttention attn;
    public readonly LayerNorm norm2;
    public readonly DinoMlp mlp;

    public DinoBlock(int width, int heads)
        : base(nameof(DinoBlock))
    {
        norm1 = LayerNorm(width, DinoVision.Epsilon);
        attn = new(width, heads);
        norm2 = LayerNorm(width, DinoVision.Epsilon);
        mlp = new(width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BLC)
    {
        using var scope = NewDisposeScope();
        Tensor hidden_BLC = tokens_BLC.add(attn.call(norm1.call(tokens_BLC)));
        return hidden_BLC.add(mlp.call(norm2.call(hidden_BLC))).MoveToOuterDisposeScope();
    }
}
