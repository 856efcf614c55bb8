namespace HaloLab.Experiments.Rewards;

/// <summary>One finished training.</summary>
/// <param name="Arm">Where it started and which losses it had.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Patches">Labelled patches that it was trained on.</param>
/// <param name="IsWhole">Whether these are all.</param>
/// <param name="Folder">Folder of its stage.</param>
/// <param name="Evaluations">What it says of every clip.</param>
internal sealed record TrainedReward(RewardArm Arm, long Seed, int Patches, bool IsWhole, string Folder, IReadOnlyList<ClipEvaluation> Evaluations);
