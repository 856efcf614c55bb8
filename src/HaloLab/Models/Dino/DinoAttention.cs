using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Dino;

/// <summary>Multi-head self-attention with one projection for query, key and value.</summary>
public sealed class DinoAttention : Module<Tensor, Tensor>
{
    public readonly Linear qkv;
    public readonly Linear proj;

    private readonly int _heads;

    public DinoAttention(int width, int heads)
        : base(nameof(DinoAttention))
    {
        _heads = heads;
        qkv = new(width, 3 * width);
        proj = new(width, width);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BLC)
    {
        using var scope = NewDisposeScope();
        long[] shape = tokens_BLC.shape;
        Tensor[] heads_BHLD = qkv.call(tokens_BLC).view(shape[0], shape[1], 3, _heads, -1).permute(2, 0, 3, 1, 4).unbind(0);
        Tensor attended_BHLD = functional.scaled_dot_product_attention(heads_BHLD[0], heads_BHLD[1], heads_BHLD[2]);
        return proj.call(attended_BHLD.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }
}
