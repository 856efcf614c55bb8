namespace HaloLab.Rewards.Patches;

/// <summary>A clip and what it should show: what labels are about.</summary>
/// <param name="Clip">The clip's content hash.</param>
/// <param name="Prompt">The prompt.</param>
public sealed record LabelledClip(string Clip, string Prompt);
