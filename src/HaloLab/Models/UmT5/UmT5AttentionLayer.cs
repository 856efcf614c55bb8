using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.UmT5;

/// <summary>states + attention(norm(states)).</summary>
public sealed class UmT5AttentionLayer : Module<Tensor, Tensor, Tensor>
{
    public readonly UmT5Attention SelfAttention;
    public readonly RmsNorm layer_norm;

    public UmT5AttentionLayer(UmT5Config config, Func<int, Tensor>? positionBias = null)
        : base(nameof(UmT5AttentionLayer))
    {
        SelfAttention = new UmT5Attention(config, positionBias);
        layer_norm = new RmsNorm(config.DModel, config.LayerNormEpsilon);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states_BLC, Tensor mask_BL)
    {
        using var scope = NewDisposeScope();
        return states_BLC.add(SelfAttention.call(layer_norm.call(states_BLC), mask_BL)).MoveToOuterDisposeScope();
    }
}
