namespace HaloLab.Rewards.Patches;

/// <summary>What a patch reward model says of one clip.</summary>
/// <param name="Rewards">The video rewards in their head's own units, in the order of <see cref="IRewardBackbone.Dimensions"/>.</param>
/// <param name="Video">The video rewards as the backbone's own scorer gives them (<see cref="IRewardBackbone.Scores"/>).</param>
/// <param name="Patches">For each dimension of the patch head a reward for every cell, in the units of the labels, in the order t, h, w.</param>
public sealed record ScoredPatches(IReadOnlyList<double> Rewards, IReadOnlyList<double> Video, IReadOnlyList<double[]> Patches)
{
    /// <summary>The mean over dimensions of each cell.</summary>
    public double[] Mean() => [.. Enumerable.Range(0, Patches.Count == 0 ? 0 : Patches[0].Length).Select(cell => Patches.Average(dimension => dimension[cell]))];
}
