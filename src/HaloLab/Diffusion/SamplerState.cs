using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>Where a sampler is after a step.</summary>
/// <param name="Latents_BCTHW">Input of the next step.</param>
/// <param name="Clean_BCTHW">The step's estimate of the clean latents.</param>
public readonly record struct SamplerState(Tensor Latents_BCTHW, Tensor Clean_BCTHW);
