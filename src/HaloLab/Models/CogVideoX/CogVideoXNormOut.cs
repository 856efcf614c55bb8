using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.CogVideoX;

/// <summary>The last norm, scaled and shifted by the timestep.</summary>
internal sealed class CogVideoXNormOut : Module<Tensor, Tensor, Tensor>
{
    public readonly Linear linear;
    public readonly LayerNorm32 norm;

    public CogVideoXNormOut(CogVideoXConfig config)
        : base(nameof(CogVideoXNormOut))
    {
        linear = new Linear(config.TimeEmbedDim, 2 * config.Width);
        norm = new LayerNorm32(config.Width, config.NormEps, affine: true);
        RegisterComponents();
    }

    /// <param name="video_BSD">Video tokens.</param>
    /// <param name="time_BE">The timestep's embedding.</param>
    public override Tensor forward(Tensor video_BSD, Tensor time_BE)
    {
        using var scope = NewDisposeScope();
        Tensor[] parts_B1D = linear.call(functional.silu(time_BE)).unsqueeze(1).chunk(2, dim: 2);
        return ((norm.call(video_BSD) * (1 + parts_B1D[1])) + parts_B1D[0]).MoveToOuterDisposeScope();
    }
}
