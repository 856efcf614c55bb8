using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.UmT5;

/// <summary>The blocks of a umT5 encoder and the norm after them.</summary>
public sealed class UmT5Stack : Module<Tensor, Tensor, Tensor>
{
    internal readonly ModuleList<UmT5Block> block;
    public readonly RmsNorm final_layer_norm;

    public UmT5Stack(UmT5Config config)
        : base(nameof(UmT5Stack))
    {
        UmT5Block first = new(config);
        Func<int, Tensor>? shared = config.SharesPositionBias ? first.Attention.SelfAttention.PositionBias : null;
        block = new ModuleList<UmT5Block>([first, .. Enumerable.Range(1, config.NumLayers - 1).Select(_ => new UmT5Block(config, shared))]);
        final_layer_norm = new RmsNorm(config.DModel, config.LayerNormEpsilon);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states_BLC, Tensor mask_BL)
    {
        using var scope = NewDisposeScope();
        foreach (UmT5Block each in block)
        {
            states_BLC = each.call(states_BLC, mask_BL);
        }

        return final_layer_norm.call(states_BLC).MoveToOuterDisposeScope();
    }
}
