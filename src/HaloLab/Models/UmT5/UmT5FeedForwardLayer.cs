using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.UmT5;

/// <summary>states + feed-forward(norm(states)).</summary>
public sealed class UmT5FeedForwardLayer : Module<Tensor, Tensor>
{
    public readonly UmT5FeedForward DenseReluDense;
    public readonly RmsNorm layer_norm;

    public UmT5FeedForwardLayer(UmT5Config config)
        : base(nameof(UmT5FeedForwardLayer))
    {
        DenseReluDense = new UmT5FeedForward(config);
        layer_norm = new RmsNorm(config.DModel, config.LayerNormEpsilon);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states_BLC)
    {
        using var scope = NewDisposeScope();
        return states_BLC.add(DenseReluDense.call(layer_norm.call(states_BLC))).MoveToOuterDisposeScope();
    }
}
