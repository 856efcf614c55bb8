namespace HaloLab.GranDpo;

/// <summary>Which preference terms a loss has; the absent one is dropped entirely, and pairs that have only it are not counted.</summary>
public enum PreferenceTerms
{
    /// <summary>λ·L_video + (1 − λ)·L_patch: Gran-DPO.</summary>
    VideoAndPatch,

    /// <summary>L_video: Diffusion-DPO; with the mean of the patch rewards as video reward, patch-mean DPO.</summary>
    VideoOnly,

    /// <summary>L_patch.</summary>
    PatchOnly,

    /// <summary>Neither: fine-tuning on the preferred clip alone, if η is above 0.</summary>
    None,

    /// <summary>
    /// L_region: one preference per pair, as L_video, whose energies are means over the pair's region alone, the patches whose rewards differ by more than τ_p; a pair without a region is tied.
    /// Which clip is better is what the video rewards say (<see cref="VideoRewardSource"/>), so that nothing but the place differs from <see cref="VideoOnly"/>; by the region's own rewards it would be a patch
    /// preference on one patch of odd shape.
    /// </summary>
    RegionOnly,
}
