using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>
/// A model that predicts what was done to noisy latents. What else an architecture can be told (frame rate, guidance embedding) is a typed
/// property of its implementation, so that samplers and trainers need to know of no architecture.
/// </summary>
public interface IDenoiser
{
    /// <summary>The prediction, of the latents' shape; what it means is <see cref="PredictionTarget"/>.</summary>
    /// <param name="latents_BCTHW">Noisy latents.</param>
    /// <param name="timesteps_B">One timestep for each clip.</param>
    /// <param name="context_BLD">Text condition of each clip.</param>
    Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD);
}
