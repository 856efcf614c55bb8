using HaloLab.Statistics;

namespace HaloLab.Experiments.Rewards;

/// <summary>
/// How far a model's patch rewards say what the video reward model said before it saw a patch label (claim C2), on the same clips and before any alignment of the two.
/// </summary>
/// <param name="Clips">Number of clips.</param>
/// <param name="Pearson">Correlation of a clip's mean patch reward with the frozen video reward; NaN with fewer than <see cref="LeastClips"/>, of which any two correlate wholly.</param>
/// <param name="Spearman">The same of ranks.</param>
/// <param name="Wasserstein">First Wasserstein distance of the two distributions as they are.</param>
/// <param name="WassersteinStandardised">The same of both brought to mean 0 and deviation 1.</param>
internal sealed record RewardConsistency(int Clips, double Pearson, double Spearman, double Wasserstein, double WassersteinStandardised)
{
    /// <summary>Fewest clips that say anything about a correlation.</summary>
    public const int LeastClips = 3;

    /// <param name="patchMeans">Mean patch reward of each clip.</param>
    /// <param name="videoRewards">Its video reward from the untrained backbone.</param>
    public static RewardConsistency Of(IReadOnlyList<double> patchMeans, IReadOnlyList<double> videoRewards)
    {
        double[] x = [.. patchMeans];
        double[] y = [.. videoRewards];
        return new RewardConsistency(x.Length, x.Length < LeastClips ? double.NaN : Correlation.Pearson(x, y).Estimate, x.Length < LeastClips ? double.NaN : Correlation.Spearman(x, y).Estimate, WassersteinDistance.First(x, y), WassersteinDistance.FirstOfStandardised(x, y));
    }
}
