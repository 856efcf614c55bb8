using HaloLab.Statistics;

namespace HaloLab.Evaluation.Defects;

/// <summary>
/// What a score of the whole video can say about the quality of its patches, as shares of the variance of patch quality: within clips it says nothing, whatever it is; between clips as much as the clips'
/// mean qualities follow it on a line.
/// </summary>
/// <param name="sample">The clips.</param>
public sealed class QualityVariance(DefectSample sample)
{
    private const int Sums = 7;

    /// <summary>The share that lies within clips.</summary>
    public PromptStatistic WithinClips() => Of(parts => parts.Within / parts.Total);

    /// <summary>The share that the video score explains: between clips, by linear regression of a clip's mean quality on it.</summary>
    public PromptStatistic Explained() => Of(parts => parts.Explained / parts.Total);

    /// <summary>The share that it does not explain: within clips, and between clips of like score.</summary>
    public PromptStatistic Missed() => Of(parts => 1 - (parts.Explained / parts.Total));

    private PromptStatistic Of(Func<(double Total, double Within, double Explained), double> share)
    {
        // Taken off the means, so that differences of sums keep their digits.
        double quality = sample.Clips.SelectMany(clip => clip.Qualities).Where(value => !double.IsNaN(value)).Average();
        double score = sample.Clips.Average(clip => clip.VideoScore);
        double[][] ofPrompt = [.. sample.Prompts.Select(_ => new double[Sums])];
        for (int i = 0; i < sample.Clips.Count; i++)
        {
            double[] qualities = [.. sample.Clips[i].Qualities.Where(value => !double.IsNaN(value)).Select(value => value - quality)];
            (double n, double mean, double v) = (qualities.Length, Moments.Mean(qualities), sample.Clips[i].VideoScore - score);
            double[] own = [n, n * mean, qualities.Sum(value => value * value), n * mean * mean, n * v, n * v * v, n * v * mean];
            for (int k = 0; k < Sums; k++)
            {
                ofPrompt[sample.PromptOf(i)][k] += own[k];
            }
        }

        return PromptStatistic.Weighted(sample.Prompts.Count, times =>
        {
            double[] sums = [.. Enumerable.Range(0, Sums).Select(k => times.Select((often, prompt) => often * ofPrompt[prompt][k]).Sum())];
            (double n, double total) = (sums[0], sums[2] - (sums[1] * sums[1] / sums[0]));
            double spread = sums[5] - (sums[4] * sums[4] / n);
            double together = sums[6] - (sums[4] * sums[1] / n);
            return total > 0 ? share((total, sums[2] - sums[3], spread > 0 ? together * together / spread : 0)) : double.NaN;
        });
    }
}
