using HaloLab.Diffusion;
using static TorchSharp.torch;

namespace HaloLab.Models.Wan;

/// <summary>A <see cref="WanTransformer"/> as a denoiser: it predicts the flow, noise − clean. The network stays the caller's.</summary>
/// <param name="network">The network.</param>
public sealed class WanDenoiser(WanTransformer network) : IDenoiser
{
    /// <inheritdoc/>
    public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD)
    {
        ArgumentNullException.ThrowIfNull(timesteps_B);
        using Tensor wide_B = timesteps_B.to(ScalarType.Float32);
        using Tensor prediction_BCTHW = network.call(latents_BCTHW, wide_B, context_BLD);
        return prediction_BCTHW.to(latents_BCTHW.dtype);
    }
}
