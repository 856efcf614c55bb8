namespace HaloLab.Rewards.Patches;

/// <summary>One score of the patch head.</summary>
/// <param name="Name">What it was trained on, as the labels name it: <c>local defect</c>.</param>
/// <param name="Scale">The units of these labels.</param>
public sealed record PatchDimension(string Name, LabelScale Scale);
