using HaloLab.Diffusion;
using static TorchSharp.torch;

namespace HaloLab.Models.CogVideoX;

/// <summary>A <see cref="CogVideoXTransformer"/> as a denoiser: it predicts the velocity. The network stays the caller's.</summary>
/// <param name="network">The network.</param>
public sealed class CogVideoXDenoiser(CogVideoXTransformer network) : IDenoiser
{
    /// <inheritdoc/>
    public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD)
    {
        ArgumentNullException.ThrowIfNull(latents_BCTHW);
        using Tensor prediction_BCTHW = network.call(latents_BCTHW, timesteps_B, context_BLD);
        return prediction_BCTHW.to(latents_BCTHW.dtype);
    }
}
