namespace HaloLab.GranDpo;

/// <summary>The loss φ(z) on a margin z in favour of the better clip or cell, with strength β.</summary>
public enum PreferenceForm
{
    /// <summary>−log σ(βz): DPO (Rafailov et al. 2023), Diffusion-DPO (Wallace et al. 2024) without its factor ½.</summary>
    Sigmoid,

    /// <summary>max(0, 1 − βz): SLiC (Zhao et al. 2023).</summary>
    Hinge,

    /// <summary>(z − 1/(2β))²: IPO (Azar et al. 2023).</summary>
    Ipo,
}
