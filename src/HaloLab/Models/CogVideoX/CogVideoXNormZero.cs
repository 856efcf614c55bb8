using HaloLab.Models.Layers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Linear = HaloLab.Models.Layers.Linear;

namespace HaloLab.Models.CogVideoX;

/// <summary>One layer norm for video and text, each then scaled and shifted by the timestep, which also gives a gate for what follows.</summary>
internal sealed class CogVideoXNormZero : Module<Tensor, Tensor, Tensor, (Tensor Video, Tensor Text, Tensor VideoGate, Tensor TextGate)>
{
    public readonly Linear linear;
    public readonly LayerNorm32 norm;

    public CogVideoXNormZero(CogVideoXConfig config)
        : base(nameof(CogVideoXNormZero))
    {
        linear = new Linear(config.TimeEmbedDim, 6 * config.Width);
        norm = new LayerNorm32(config.Width, config.NormEps, affine: true);
        RegisterComponents();
    }

    /// <param name="video_BSD">Video tokens.</param>
    /// <param name="text_BLD">Text tokens.</param>
    /// <param name="time_BE">The timestep's embedding.</param>
    /// <returns>Both kinds of tokens, and gates [B, 1, D].</returns>
    public override (Tensor Video, Tensor Text, Tensor VideoGate, Tensor TextGate) forward(Tensor video_BSD, Tensor text_BLD, Tensor time_BE)
    {
        using var scope = NewDisposeScope();
        Tensor[] parts_B1D = linear.call(functional.silu(time_BE)).unsqueeze(1).chunk(6, dim: 2);
        Tensor video = (norm.call(video_BSD) * (1 + parts_B1D[1])) + parts_B1D[0];
        Tensor text = (norm.call(text_BLD) * (1 + parts_B1D[4])) + parts_B1D[3];
        return (video.MoveToOuterDisposeScope(), text.MoveToOuterDisposeScope(), parts_B1D[2].MoveToOuterDisposeScope(), parts_B1D[5].MoveToOuterDisposeScope());
    }
}
