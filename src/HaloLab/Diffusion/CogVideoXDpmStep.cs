namespace HaloLab.Diffusion;

/// <summary>Numbers of one step of a <see cref="CogVideoXDpmSampler"/>.</summary>
/// <param name="Timestep">Timestep that the denoiser is given.</param>
/// <param name="Alpha">ᾱ there.</param>
/// <param name="AlphaNext">ᾱ at the step's end; 1 at the last.</param>
/// <param name="AlphaBefore">ᾱ at the timestep of the step before; null at the first.</param>
public readonly record struct CogVideoXDpmStep(int Timestep, double Alpha, double AlphaNext, double? AlphaBefore);
