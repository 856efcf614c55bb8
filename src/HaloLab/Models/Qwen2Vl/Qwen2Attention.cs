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

    /// <param name="states_BLC">States.</param>
    /// <param name="rotation">Their positions.</param>
    /// <param name="mask">True where a query may look at a key, broadcast to batch and heads.</param>
    /// <param name="extend">Puts keys and values of earlier tokens before these; null where there are none.</param>
    internal Tensor Attend(Tensor states_BLC, Qwen2Rotation rotation, Tensor mask, Func<Tensor, Tensor, (Tensor Key_BHLD, Tensor Value_BHLD)>? extend)
    {
        using var scope = NewDisposeScope();
        Tensor query_BHLD = rotation.Apply(Heads(q_proj.call(states_BLC), _heads));
        Tensor key_BHLD = rotation.Apply(Heads(k_proj.call(states_BLC), _sharedHeads));
        Tensor value_BHLD = Heads(v_proj.call(states_BLC), _sharedHeads);
        (key_BHLD, value_BHLD) = extend?.Invoke(key_BHLD, value_BHLD) ?? (key_BHLD, value_BHLD);
        int sharing = _heads / _sharedHeads;
        Tensor attended_BHLD = functional.scaled_dot_product_attention(query_BHLD, key_BHLD.repeat_interleave(sharing, 1), value_BHLD.repeat_interleave(sharing, 1), mask);
        return o_proj.call(attended_BHLD.transpose(1, 2).flatten(2)).MoveToOuterDisposeScope();
    }

    private static Tensor Heads(Tensor states_BLC, int heads) => states_BLC.unflatten(2, heads, states_BLC.shape[2] / heads).transpose(1, 2);
}
