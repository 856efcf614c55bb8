namespace HaloLab.Diffusion;

/// <summary>Numbers of one step along a flow: noisy latents are (1 − σ)·clean + σ·noise.</summary>
/// <param name="Timestep">Timestep that the denoiser is given.</param>
/// <param name="Sigma">σ there.</param>
/// <param name="SigmaNext">σ at the step's end; 0 at the last.</param>
public readonly record struct FlowStep(double Timestep, double Sigma, double SigmaNext);
