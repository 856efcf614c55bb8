namespace HaloLab.Preferences;

/// <summary>One clip of a prompt with its rewards.</summary>
/// <param name="Id">The clip's content hash.</param>
/// <param name="VideoReward">Higher is better.</param>
/// <param name="Patches">Patch rewards, or null when nobody scored its patches.</param>
/// <param name="LayoutGroup">Clips re-noised from one sample share its name, and with it their layout; null for a sample of its own.</param>
public sealed record Candidate(string Id, double VideoReward, PatchRewards? Patches = null, string? LayoutGroup = null);
