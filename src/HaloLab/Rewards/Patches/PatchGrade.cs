using HaloLab.Videos;

namespace HaloLab.Rewards.Patches;

/// <summary>One answer about one patch.</summary>
/// <param name="Clip">Place of the clip in <see cref="RewardLabels.Clips"/>.</param>
/// <param name="Grid">The grid.</param>
/// <param name="Cell">The cell, in the order t, h, w.</param>
/// <param name="Dimension">Place of the dimension in <see cref="RewardLabels.PatchDimensions"/>.</param>
/// <param name="Value">Higher is better.</param>
/// <param name="Weight">Above 0; those of all answers to one question add up to a mean of 1 or less.</param>
public sealed record PatchGrade(int Clip, PatchGrid Grid, int Cell, int Dimension, double Value, double Weight);

/// <summary>One answer about one whole clip.</summary>
/// <param name="Clip">Place of the clip.</param>
/// <param name="Dimension">Place of the reward among the backbone's dimensions.</param>
/// <param name="Value">Higher is better.</param>
/// <param name="Weight">As for <see cref="PatchGrade"/>.</param>
public sealed record ClipRating(int Clip, int Dimension, double Value, double Weight);

/// <summary>One answer about two clips of a prompt.</summary>
/// <param name="A">Place of clip A.</param>
/// <param name="B">Place of clip B.</param>
/// <param name="Dimension">Place of the reward among the backbone's dimensions.</param>
/// <param name="Label">Which is better; a tie is a tie.</param>
/// <param name="Weight">As for <see cref="PatchGrade"/>.</param>
public sealed record ClipComparison(int A, int B, int Dimension, PairLabel Label, double Weight);
