using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>A denoiser as the trainer calls it; whatever else a model wants to be told (frame rate, guidance) is fixed by whoever makes it.</summary>
/// <param name="noisy_BCTHW">Noisy latents.</param>
/// <param name="timestep_B">Timesteps.</param>
/// <param name="context_BLD">Encoded prompts.</param>
/// <returns>The prediction, B × C × T × H × W.</returns>
public delegate Tensor Denoise(Tensor noisy_BCTHW, Tensor timestep_B, Tensor context_BLD);
