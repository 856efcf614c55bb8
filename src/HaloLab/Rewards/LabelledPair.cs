namespace HaloLab.Rewards;

/// <summary>A comparison of two clips of a <see cref="RewardTrainingSet"/>.</summary>
/// <param name="A">Place of clip A.</param>
/// <param name="B">Place of clip B.</param>
/// <param name="Label">Which is better.</param>
public sealed record LabelledPair(int A, int B, PairLabel Label);
