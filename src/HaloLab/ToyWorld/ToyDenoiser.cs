using HaloLab.Diffusion;
using HaloLab.Models.VideoCrafter2;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld;

/// <summary>
/// The toy denoiser: VideoCrafter2's network, told the caption three times: by its tokens, by the average of its clips, which is concatenated to the
/// noisy latents, and by its summary, which takes the place of T2V-Turbo's guidance embedding beside the timestep. Both parts stay the
/// caller's.
/// </summary>
/// <param name="network">The network.</param>
/// <param name="prior">Average and summary.</param>
internal sealed class ToyDenoiser(UNet3D network, LayoutPrior prior) : IDenoiser
{
    /// <inheritdoc/>
    public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        LayoutPrior.Answer caption = prior.call(context_BLD);
        UNet3DConditioning conditioning = new(context_BLD) { FramesPerSecond = ToyRenderer.FramesPerSecond, GuidanceEmbedding_BE = caption.Summary_BE };
        return network.call(cat([latents_BCTHW, caption.Average_BCTHW], 1), timesteps_B, conditioning).MoveToOuterDisposeScope();
    }
}
