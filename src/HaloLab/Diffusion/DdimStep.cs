namespace HaloLab.Diffusion;

/// <summary>Numbers of one DDIM step.</summary>
/// <param name="Timestep">Timestep that the denoiser is given.</param>
/// <param name="Alpha">ᾱ there.</param>
/// <param name="AlphaPrevious">ᾱ at the timestep that the step leads to.</param>
/// <param name="Sigma">Standard deviation of the noise added.</param>
/// <param name="Scale">The schedule's scale there.</param>
/// <param name="ScalePrevious">The schedule's scale at the timestep that the step leads to.</param>
public readonly record struct DdimStep(int Timestep, double Alpha, double AlphaPrevious, double Sigma, double Scale, double ScalePrevious);
