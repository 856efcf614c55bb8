using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.UmT5;

/// <summary>Self-attention, then a feed-forward part, each behind a norm and added to the states.</summary>
public sealed class UmT5Block : Module<Tensor, Tensor, Tensor>
{
    internal readonly ModuleList<Module> layer;

    /// <inheritdoc cref="UmT5Attention(UmT5Config, Func{int, Tensor})"/>
    public UmT5Block(UmT5Config config, Func<int, Tensor>? positionBias = null)
        : base(nameof(UmT5Block))
    {
        layer = new ModuleList<Module>(new UmT5AttentionLayer(config, positionBias), new UmT5FeedForwardLayer(config));
        RegisterComponents();
    }

    internal UmT5AttentionLayer Attention => (UmT5AttentionLayer)layer[0];

    internal UmT5FeedForwardLayer FeedForward => (UmT5FeedForwardLayer)layer[1];

    public override Tensor forward(Tensor states_BLC, Tensor mask_BL)
    {
        using var scope = NewDisposeScope();
        return FeedForward.call(Attention.call(states_BLC, mask_BL)).MoveToOuterDisposeScope();
    }
}
