namespace HaloLab.Rewards.Patches;

/// <summary>What a <see cref="PatchRewardScorer"/>'s numbers mean, for whoever reads them without the model.</summary>
/// <param name="Grid">The patches that were asked for, time × height × width.</param>
/// <param name="Worst">The worst that a patch can be; null where grades have no ends.</param>
/// <param name="Best">The best that a patch can be; null likewise.</param>
/// <param name="VideoScores">Which of the scorer's scores are of the video as a whole; the others sum up patches.</param>
public sealed record PatchRewardMeaning(string Grid, double? Worst, double? Best, IReadOnlyList<string> VideoScores);
