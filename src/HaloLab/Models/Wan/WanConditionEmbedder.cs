using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.Wan;

/// <summary>Timestep and text states into the transformer's width.</summary>
internal sealed class WanConditionEmbedder : Module<Tensor, Tensor, (Tensor Time, Tensor TimeProjection, Tensor Text)>
{
    public readonly TwoLinears time_embedder;
    public readonly Linear time_proj;
    public readonly TwoLinears text_embedder;
    private readonly int _freqDim;

    public WanConditionEmbedder(WanConfig config)
        : base(nameof(WanConditionEmbedder))
    {
        _freqDim = config.FreqDim;
        time_embedder = new TwoLinears(config.FreqDim, config.Width, input => functional.silu(input), staysFloat32: true);
        time_proj = new Linear(config.Width, 6 * config.Width);
        text_embedder = new TwoLinears(config.TextDim, config.Width, input => functional.gelu(input, TorchSharp.Modules.GELU.Approximate.tanh));
        RegisterComponents();
    }

    /// <param name="timestep_B">0 to 1000, fractions allowed.</param>
    /// <param name="text_BLD">States of the text encoder; rows of padding are zeros and are kept.</param>
    /// <returns>Time [B, D], its projection [B, 6, D], text [B, L, D].</returns>
    public override (Tensor Time, Tensor TimeProjection, Tensor Text) forward(Tensor timestep_B, Tensor text_BLD)
    {
        using var scope = NewDisposeScope();
        Tensor time_BD = time_embedder.call(TimestepSinusoid.Of(timestep_B, _freqDim).to(time_embedder.linear_1.weight.dtype));
        Tensor projection_B6D = time_proj.call(functional.silu(time_BD)).unflatten(1, [6, -1]);
        Tensor projected_BLD = text_embedder.call(text_BLD);
        return (time_BD.MoveToOuterDisposeScope(), projection_B6D.MoveToOuterDisposeScope(), projected_BLD.MoveToOuterDisposeScope());
    }
}
