using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Rewards;

/// <summary>Linear(LayerNorm(features)) at every place of the lattice: D patch scores from C features. Keys <c>norm.*</c>, <c>proj.*</c>.</summary>
public sealed class PatchHead : Module<Tensor, Tensor>
{
    private readonly LayerNorm _norm;
    private readonly Linear _proj;

    /// <param name="channels">C, features per place.</param>
    /// <param name="dimensions">D, scores per place: 1, or one per dimension of quality.</param>
    /// <param name="epsilon">Of the LayerNorm.</param>
    public PatchHead(int channels, int dimensions, double epsilon = 1e-5)
        : base(nameof(PatchHead))
    {
        _norm = LayerNorm(channels, epsilon);
        _proj = new(channels, dimensions);
        register_module("norm", _norm);
        register_module("proj", _proj);
    }

    /// <summary>[…, C] → […, D].</summary>
    public override Tensor forward(Tensor features_xC)
    {
        using var scope = NewDisposeScope();
        return _proj.call(_norm.call(features_xC)).MoveToOuterDisposeScope();
    }
}
