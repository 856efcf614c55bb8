using HaloLab.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Neighbouring patches to one token of the decoder's width.</summary>
public sealed class Qwen2PatchMerger : Module<Tensor, Tensor>
{
    public readonly LayerNorm32 ln_q;
    public readonly Sequential mlp;

    private readonly int _width;

    public Qwen2PatchMerger(Qwen2VlVisionConfig config)
        : base(nameof(Qwen2PatchMerger))
    {
        ArgumentNullException.ThrowIfNull(config);
        _width = config.EmbedDim * config.SpatialMergeSize * config.SpatialMergeSize;
        ln_q = new(config.EmbedDim, Qwen2VisionTower.Epsilon, affine: true);
        mlp = Sequential(("0", new Layers.Linear(_width, _width)), ("1", GELU()), ("2", new Layers.Linear(_width, config.HiddenSize)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor states_NC)
    {
        using var scope = NewDisposeScope();
        return mlp.call(ln_q.call(states_NC).view(-1, _width)).MoveToOuterDisposeScope();
    }
}
