using HaloLab.Diffusion;
using static TorchSharp.torch;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>A <see cref="UNet3D"/> as a denoiser, with what it is told beside the text. The network stays the caller's.</summary>
/// <param name="network">The network.</param>
public sealed class VideoCrafter2Denoiser(UNet3D network) : IDenoiser
{
    /// <summary>Frames per second of every clip, default 28 as VideoCrafter2 is used; T2V-Turbo's is 16.</summary>
    public double FramesPerSecond { get; init; } = 28;

    /// <summary>T2V-Turbo: <see cref="SinusoidalEmbedding.OfGuidance"/> of one guidance scale, used for every clip.</summary>
    public Tensor? GuidanceEmbedding_1E { get; init; }

    /// <summary>T2V-Turbo-v2: the same of the motion guidance scale.</summary>
    public Tensor? MotionEmbedding_1E { get; init; }

    /// <summary>T2V-Turbo-v2: what it is told of motion instead at timesteps below <see cref="LateBelow"/>; null for the same at all.</summary>
    public Tensor? LateMotionEmbedding_1E { get; init; }

    /// <summary>The timestep below which <see cref="LateMotionEmbedding_1E"/> holds.</summary>
    public long LateBelow { get; init; }

    /// <inheritdoc/>
    public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD)
    {
        using var scope = NewDisposeScope();
        long batch = latents_BCTHW.shape[0];
        UNet3DConditioning conditioning = new(context_BLD)
        {
            FramesPerSecond = FramesPerSecond,
            GuidanceEmbedding_BE = GuidanceEmbedding_1E?.expand(batch, -1),
            MotionEmbedding_BE = LateMotionEmbedding_1E is null
                ? MotionEmbedding_1E?.expand(batch, -1)
                : where(timesteps_B.lt(LateBelow).unsqueeze(1), LateMotionEmbedding_1E, MotionEmbedding_1E!),
        };
        using Tensor prediction_BCTHW = network.call(latents_BCTHW, timesteps_B, conditioning);
        return prediction_BCTHW.to(latents_BCTHW.dtype).MoveToOuterDisposeScope();
    }
}
