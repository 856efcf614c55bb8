using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Pre-norm layer of the decoder.</summary>
public sealed class Qwen2Layer : Module
{
    public readonly RmsNorm input_layernorm;
    public readonly Qwen2Attention self_attn;
    public readonly RmsNorm post_attention_layernorm;
    public readonly Qwen2Mlp mlp;

    public Qwen2Layer(Qwen2VlConfig config)
        : base(nameof(Qwen2Layer))
    {
        ArgumentNullException.ThrowIfNull(config);
        input_layernorm = new(config.HiddenSize, config.RmsNormEps);
        self_attn = new(config);
        post_attention_layernorm = new(config.HiddenSize, config.RmsNormEps);
        mlp = new(config.HiddenSize, config.IntermediateSize);
        RegisterComponents();
    }

    internal Tensor Apply(Tensor states_BLC, Qwen2Rotation rotation, Tensor mask, Func<Tensor, Tensor, (Tensor Key_BHLD, Tensor Value_BHLD)>? extend = null)
    {
        using var scope = NewDisposeScope();
        Tensor attended_BLC = states_BLC.add(self_attn.Attend(input_layernorm.call(states_BLC), rotation, mask, extend));
        return attended_BLC.add(mlp.call(post_attention_layernorm.call(attended_BLC))).MoveToOuterDisposeScope();
    }
}
