using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Layers;

/// <summary>
/// A pre-norm transformer layer (Xiong et al. 2020, arXiv 2002.04745): x + attention(norm(x)), then x + mlp(norm(x)) with GELU. Both branches
/// start at 0. No mask: padding tokens are tokens like any other, which a small model learns to pass over.
/// </summary>
public sealed class TransformerLayer : Module<Tensor, Tensor>
{
    public readonly LayerNorm32 norm1;
    public readonly Linear qkv;
    public readonly Linear proj;
    public readonly LayerNorm32 norm2;
    public readonly Linear fc1;
    public readonly Linear fc2;

    private readonly int _heads;

    /// <param name="channels">Width of the tokens, a multiple of <paramref name="heads"/>.</param>
    /// <param name="heads">Number of attention heads.</param>
    /// <param name="hiddenChannels">Width inside the MLP.</param>
    public TransformerLayer(int channels, int heads, int hiddenChannels)
        : base(nameof(TransformerLayer))
    {
        if (heads < 1 || channels % heads != 0)
        {
            throw new ArgumentException($"{channels} channels cannot be split into {heads} heads.", nameof(heads));
        }

        _heads = heads;
        norm1 = new(channels, 1e-5, affine: true);
        qkv = new(channels, 3 * channels);
        proj = new(channels, channels) { StartsAtZero = true };
        norm2 = new(channels, 1e-5, affine: true);
        fc1 = new(channels, hiddenChannels);
        fc2 = new(hiddenChannels, channels) { StartsAtZero = true };
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_BLC)
    {
        using var scope = NewDisposeScope();
        long[] shape = tokens_BLC.shape;
        Tensor[] heads_BHLD = qkv.call(norm1.call(tokens_BLC)).view(shape[0], shape[1], 3, _heads, -1).permute(2, 0, 3, 1, 4).unbind(0);
        Tensor attended_BHLD = functional.scaled_dot_product_attention(heads_BHLD[0], heads_BHLD[1], heads_BHLD[2]);
        Tensor mixed_BLC = tokens_BLC + proj.call(attended_BHLD.transpose(1, 2).reshape(shape));
        return mixed_BLC.add(fc2.call(functional.gelu(fc1.call(norm2.call(mixed_BLC))))).MoveToOuterDisposeScope();
    }
}
