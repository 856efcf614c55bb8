namespace HaloLab.Diffusion;

/// <summary>What a denoiser was trained to predict.</summary>
public enum PredictionTarget
{
    /// <summary>The noise ε (Ho et al. 2020, arXiv 2006.11239).</summary>
    Noise,

    /// <summary>The velocity √ᾱ ε − √(1 − ᾱ) x₀ (Salimans and Ho 2022, arXiv 2202.00512), x₀ after the schedule's scale.</summary>
    Velocity,
}
