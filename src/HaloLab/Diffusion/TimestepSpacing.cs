namespace HaloLab.Diffusion;

/// <summary>Which of the 1000 training timesteps a sampler of S steps visits.</summary>
public enum TimestepSpacing
{
    /// <summary>1, 1 + ⌊1000/S⌋, … while below 1001, so where S does not divide 1000 there may be more than S. Each leads to the next.</summary>
    VideoCrafter2,

    /// <summary>diffusers' <c>leading</c> with offset 1: 1 + i·⌊1000/S⌋. Each leads to itself less ⌊1000/S⌋.</summary>
    Leading,

    /// <summary>diffusers' <c>trailing</c>: round(1000 − i·1000/S) − 1, which begins at 999, as a schedule that ends in pure noise needs (Lin et al. 2023).</summary>
    Trailing,

    /// <summary>diffusers' <c>linspace</c>: S numbers evenly spread from 0 to 999, rounded.</summary>
    Linspace,
}
