using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>Multi-head attention of tokens to a context: softmax(q kᵀ / √(head channels)) v; bias on the output projection only.</summary>
public sealed class CrossAttention : Module<Tensor, Tensor, Tensor>
{
    public readonly Layers.Linear to_q;
    public readonly Layers.Linear to_k;
    public readonly Layers.Linear to_v;
    public readonly ModuleList<Layers.Linear> to_out;

    private readonly int _heads;

    /// <param name="channels">Width of the tokens.</param>
    /// <param name="contextChannels">Width of the context.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="headChannels">Width of a head.</param>
    public CrossAttention(int channels, int contextChannels, int heads, int headChannels)
        : base(nameof(CrossAttention))
    {
        int inner = heads * headChannels;
        _heads = heads;
        to_q = new(channels, inner, hasBias: false);
        to_k = new(contextChannels, inner, hasBias: false);
        to_v = new(contextChannels, inner, hasBias: false);
        to_out = ModuleList(new Layers.Linear(inner, channels));
        RegisterComponents();
    }

    /// <param name="tokens_NMC">Tokens; N may be a multiple of the context's B, each context then serving N / B consecutive rows.</param>
    /// <param name="context_BLD">What is attended to.</param>
    public override Tensor forward(Tensor tokens_NMC, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        long batch = context_BLD.shape[0];

        // Queries do not see each other: rows that share a context are one longer row, and keys and values are projected once.
        Tensor query = Heads(to_q.call(tokens_NMC), batch);
        Tensor key = Heads(to_k.call(context_BLD), batch);
        Tensor value = Heads(to_v.call(context_BLD), batch);
        Tensor attended_BHMC = functional.scaled_dot_product_attention(query, key, value);
        Tensor merged = attended_BHMC.transpose(1, 2).reshape(tokens_NMC.shape[0], tokens_NMC.shape[1], -1);
        return to_out[0].call(merged).MoveToOuterDisposeScope();
    }

    private Tensor Heads(Tensor projected, long batch) => projected.view(batch, -1, _heads, projected.shape[^1] / _heads).transpose(1, 2);
}
