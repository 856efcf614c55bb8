using HaloLab.Videos;

namespace HaloLab.Preferences;

/// <summary>A clip's patch rewards on one grid, higher is better.</summary>
/// <param name="Grid">The cells.</param>
/// <param name="Values">One per cell in the order t, h, w (w fastest). A missing reward is null, never 0 (DESIGN D5).</param>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed record PatchRewards(PatchGrid Grid, IReadOnlyList<double?> Values);
