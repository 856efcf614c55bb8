using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Causal self-attention with fewer heads of keys and values than of queries.</summary>
public sealed class Qwen2Attention : Module
{
    public readonly Linear q_proj;
    public readonly Linear k_proj;
    public readonly Linear v_proj;
    public readonly Linear o_proj;

    private readonly int _heads;
    private readonly int _sharedHeads;

    public Qwen2Attention(Qwen2VlConfig config)
        : base(nameof(Qwen2Attention))
    {
        ArgumentNullException.ThrowIfNull(config);
        (_heads, _sharedHeads) = (config.NumAttentionHeads, config.NumKeyValueHeads);
        long shared = (long)_sharedHeads * config.HeadWidth;
        q_proj = new(config.HiddenSize, config.HiddenSize);
        k_proj = new(config.HiddenSize, shared);
        v_proj = new(config.HiddenSize, shared);
        o_proj = new(config.HiddenSize, config.HiddenSize, hasBias: false);
        RegisterComponents();
    }

    internal Tensor Attend(Tensor states_BLC, Qwen2Rotation rotation, Tensor mask_B1LL)
    {
        using var scope = NewDisposeScope();
        Tensor query_BHLD = rotation.Apply(Heads(q_proj.call(states_BLC), _heads));
        Tensor key_BHLD = rotation.Apply(Heads(k_proj.call(states_BLC), _sharedHeads)).repeat_interleave(_heads / _sharedHeads, 1);
        Tensor value_BHLD = Heads(v_proj.call(states_BLC), _sharedHeads).repeat_interleave(_heads / _sharedHeads, 1);
        Tensor attended_BHLD = functional.scaled_dot_product_attention(query_BHLD, key_BHLD, value_BHLD, mask_B1LL);
        return o_proj.call(attended_BHLD.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }

    private static Tensor Heads(Tensor states_BLC, int heads) => states_BLC.unflatten(2, heads, states_BLC.shape[2] / heads).transpose(1, 2);
}
