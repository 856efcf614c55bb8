namespace HaloLab.Diffusion;

/// <summary>Numbers of one step of a <see cref="LcmSampler"/>.</summary>
/// <param name="Timestep">Timestep that the denoiser is given.</param>
/// <param name="Alpha">ᾱ there.</param>
/// <param name="AlphaPrevious">ᾱ at the next step's timestep; at the last step, ᾱ there again.</param>
/// <param name="SkipFactor">c_skip, the factor on the latents in the estimate of the clean ones.</param>
/// <param name="OutFactor">c_out, the factor on the predicted clean latents.</param>
public readonly record struct LcmStep(int Timestep, double Alpha, double AlphaPrevious, double SkipFactor, double OutFactor);
