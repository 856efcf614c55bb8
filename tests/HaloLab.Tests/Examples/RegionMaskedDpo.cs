using HaloLab.GranDpo;
using static TorchSharp.torch;

namespace HaloLab.Tests.Examples;

/// <summary>Patch preferences in a chosen region alone: outside it every patch is tied, and a tied patch contributes nothing (DESIGN D3).</summary>
public static class RegionMaskedDpo
{
    /// <summary>The loss; the region is 1 where patches count and 0 elsewhere.</summary>
    public static GranDpoLoss Compute(
        PatchEnergies policyA, PatchEnergies policyB, PatchEnergies referenceA, PatchEnergies referenceB, PairRewards rewards, Tensor region_thw, GranDpoOptions options)
    {
        ArgumentNullException.ThrowIfNull(rewards);
        ArgumentNullException.ThrowIfNull(options);
        PairRewards masked = new(rewards.VideoA_B, rewards.VideoB_B, rewards.PatchA_Bthw * region_thw, rewards.PatchB_Bthw * region_thw);
        return GranDpoObjective.Compute(policyA, policyB, referenceA, referenceB, masked, options with { Terms = PreferenceTerms.PatchOnly });
    }
}
