namespace HaloLab.GranDpo;

/// <summary>Where the reference's energies come from.</summary>
public enum ReferenceMode
{
    /// <summary>Computed once for every pair and draw before training, then read from <see cref="ReferenceEnergies"/>.</summary>
    Cached,

    /// <summary>Computed in every step, with the adapters off. LoRA only: with full parameters the reference is gone after the first step.</summary>
    Computed,
}
