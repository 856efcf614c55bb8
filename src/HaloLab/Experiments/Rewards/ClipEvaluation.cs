namespace HaloLab.Experiments.Rewards;

/// <summary>What a trained model says of one labelled clip.</summary>
/// <param name="Clip">Place of the clip among the labels' clips.</param>
/// <param name="Rewards">Video rewards in the head's own units.</param>
/// <param name="PatchMean">Mean patch reward over the model's own lattice and its dimensions; NaN without a patch head.</param>
/// <param name="Patches">Of the grid that most patches were graded on, for each dimension a reward for every cell; empty without a patch head.</param>
internal sealed record ClipEvaluation(int Clip, IReadOnlyList<double> Rewards, double PatchMean, IReadOnlyList<double[]> Patches);
