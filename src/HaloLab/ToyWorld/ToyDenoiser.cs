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
    public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD) => Predict(latents_BCTHW, timesteps_B, context_BLD, frame_B: null);

    /// <summary>The prediction for whole clips, or for one frame of each.</summary>
    /// <param name="latents_BCTHW">Noisy latents, T = 1 where a frame is given.</param>
    /// <param name="timesteps_B">Timesteps.</param>
    /// <param name="context_BLD">Text condition.</param>
    /// <param name="frame_B">Which frame of its clip each is, int64; null for whole clips.</param>
    public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD, Tensor? frame_B)
    {
        using var scope = NewDisposeScope();
        LayoutPrior.Answer caption = prior.call(context_BLD);
        Tensor average_BCTHW = frame_B is null ? caption.Average_BCTHW : Frame(caption.Average_BCTHW, frame_B);
        UNet3DConditioning conditioning = new(context_BLD) { FramesPerSecond = ToyRenderer.FramesPerSecond, GuidanceEmbedding_BE = caption.Summary_BE };
        return network.call(cat([latents_BCTHW, average_BCTHW], 1), timesteps_B, conditioning).MoveToOuterDisposeScope();
    }

    /// <summary>One frame of each clip, [B, C, 1, H, W].</summary>
    public static Tensor Frame(Tensor clips_BCTHW, Tensor frame_B) =>
        clips_BCTHW.take_along_dim(frame_B.view(-1, 1, 1, 1, 1).expand(-1, clips_BCTHW.shape[1], 1, clips_BCTHW.shape[3], clips_BCTHW.shape[4]), 2);
}
