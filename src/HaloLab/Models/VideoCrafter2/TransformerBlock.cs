using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>
/// Pre-norm block: self-attention, attention to a context, feed-forward, each added to its input. Without a context the second attention is
/// a self-attention too, as in the temporal transformers.
/// </summary>
public sealed class TransformerBlock : Module<Tensor, Tensor?, Tensor>
{
    public readonly CrossAttention attn1;
    public readonly GegluFeedForward ff;
    public readonly CrossAttention attn2;
    public readonly LayerNorm32 norm1;
    public readonly LayerNorm32 norm2;
    public readonly LayerNorm32 norm3;

    /// <param name="channels">Width of the tokens.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="headChannels">Width of a head.</param>
    /// <param name="contextChannels">Width of the context, or null for none.</param>
    public TransformerBlock(int channels, int heads, int headChannels, int? contextChannels)
        : base(nameof(TransformerBlock))
    {
        attn1 = new(channels, channels, heads, headChannels);
        ff = new(channels);
        attn2 = new(channels, contextChannels ?? channels, heads, headChannels);
        norm1 = new(channels, 1e-5, affine: true);
        norm2 = new(channels, 1e-5, affine: true);
        norm3 = new(channels, 1e-5, affine: true);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens_NMC, Tensor? context_BLD)
    {
        using var scope = NewDisposeScope();
        Tensor normed = norm1.call(tokens_NMC);
        Tensor tokens = attn1.call(normed, normed).add(tokens_NMC);
        normed = norm2.call(tokens);
        tokens = attn2.call(normed, context_BLD ?? normed).add(tokens);
        return ff.call(norm3.call(tokens)).add(tokens).MoveToOuterDisposeScope();
    }
}
