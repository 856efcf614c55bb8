using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Rewards;

/// <summary>
/// One reward for the whole clip from the features that the patch head reads too: their mean, and their attention-weighted mean, whose
/// learned weights can single out one bad place that would drown in the mean.
/// </summary>
internal sealed class VideoHead : Module<Tensor, Tensor>
{
    private readonly LayerNorm _norm;
    private readonly Linear _attention;
    private readonly Linear _hidden;
    private readonly Linear _proj;

    public VideoHead(int channels)
        : base(nameof(VideoHead))
    {
        _norm = LayerNorm(channels);
        _attention = new(channels, 1);
        _hidden = new(2 * channels, channels);
        _proj = new(channels, 1);
        register_module("norm", _norm);
        register_module("attention", _attention);
        register_module("hidden", _hidden);
        register_module("proj", _proj);
    }

    /// <param name="features_BNC">Features of all places.</param>
    /// <returns>[B].</returns>
    public override Tensor forward(Tensor features_BNC)
    {
        using var scope = NewDisposeScope();
        Tensor normed_BNC = _norm.call(features_BNC);
        Tensor weights_BN1 = functional.softmax(_attention.call(normed_BNC), 1);
        Tensor pooled_BC = cat([normed_BNC.mean([1]), (normed_BNC * weights_BN1).sum(1)], 1);
        return _proj.call(functional.silu(_hidden.call(pooled_BC))).squeeze(1).MoveToOuterDisposeScope();
    }
}
