using HaloLab.Displays;
using HaloLab.Evaluation.Scorers;
using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>
/// Whether models that were trained to please one scorer please it alone: an alarm where its scores rise while those of another judge fall, or while the pictures become brighter,
/// more colourful, stiller. Only differences that remain after correction count.
/// </summary>
public static class RewardWatch
{
    private const double Level = 0.05;

    /// <summary>The alarms, a sentence each; none where the scores that were trained for did not rise.</summary>
    /// <param name="differences">Every score of every model against the untrained one, with corrected p-values.</param>
    /// <param name="trained">The scorer that was trained for.</param>
    /// <param name="models">Names of the models.</param>
    public static IReadOnlyList<string> Alarms(IReadOnlyList<(ModelDifference Difference, double Holm)> differences, string trained, IReadOnlyList<string> models)
    {
        ArgumentNullException.ThrowIfNull(differences);
        ArgumentNullException.ThrowIfNull(models);
        List<string> alarms = [];
        foreach (IGrouping<int, ModelDifference> model in differences.Where(item => item.Holm <= Level).Select(item => item.Difference).GroupBy(difference => difference.Second))
        {
            string[] risen = [.. model.Where(difference => difference.Scorer == trained && difference.Difference.Estimate > 0).Select(difference => difference.Metric)];
            string[] parted = [.. model.Where(difference => difference.Scorer != trained && (difference.Scorer == AppearanceScorer.Kind || difference.Difference.Estimate < 0))
                .Select(difference => $"{difference.Metric} {(difference.Difference.Estimate < 0 ? "falls" : "rises")} by {DisplayNumber.Format(Math.Abs(difference.Difference.Estimate))}")];
            if (risen.Length > 0 && parted.Length > 0)
            {
                alarms.Add($"{models[model.Key]}: {string.Join(", ", risen)} rises, as it was trained to, but {string.Join("; ", parted)}. It may please the reward without being better.");
            }
        }

        return alarms;
    }

    /// <summary>
    /// The alarm of one look at a model in training, against the untrained one on the same prompts and noise: where the mean of a score that it is trained for rose and that of another judge fell, or one of
    /// appearance changed. Student's t intervals of the paired differences over prompts, at 95 % for the scores that are trained for together and for the others together (each of k at 1 − 0.05 / k). Looks are not corrected for
    /// their number: of twenty without harm one may alarm. It is a warning to look at the clips, no finding; <see cref="Alarms"/> of many prompts is one.
    /// </summary>
    /// <param name="before">Scores of the untrained model.</param>
    /// <param name="now">The same scores now.</param>
    /// <param name="trained">The scorer that is trained for.</param>
    /// <returns>The alarm in a sentence, or null.</returns>
    public static string? Alarm(IReadOnlyList<WatchedScore> before, IReadOnlyList<WatchedScore> now, string trained)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        ILookup<bool, (WatchedScore Score, double[] Differences)> scores = now
            .Select(score => (Score: score, Differences: Differences(before.Single(other => other.Name == score.Name), score)))
            .ToLookup(item => item.Score.Scorer == trained);
        (WatchedScore Score, Interval Change)[] risen = [.. Changed(scores[true]).Where(item => item.Change.Estimate > 0)];
        (WatchedScore Score, Interval Change)[] parted = [.. Changed(scores[false]).Where(item => item.Score.Scorer == AppearanceScorer.Kind || item.Change.Estimate < 0)];
        return risen.Length == 0 || parted.Length == 0 ? null
            : $"{string.Join(", ", risen.Select(Words))}, as it is trained to, but {string.Join("; ", parted.Select(Words))}. The model may please the reward without getting better.";

        static IEnumerable<(WatchedScore Score, Interval Change)> Changed(IEnumerable<(WatchedScore Score, double[] Differences)> group)
        {
            double level = 1 - (Level / group.Count());
            return group.Select(item => (item.Score, Change: Interval.OfMean(item.Differences, level))).Where(item => item.Change.Low > 0 || item.Change.High < 0);
        }

        static double[] Differences(WatchedScore before, WatchedScore now) => [.. now.Values.Zip(before.Values).Where(pair => pair.First is not null && pair.Second is not null).Select(pair => pair.First!.Value - pair.Second!.Value)];

        static string Words((WatchedScore Score, Interval Change) item) => $"{item.Score.Name} {(item.Change.Estimate < 0 ? "falls" : "rises")} by {DisplayNumber.Format(Math.Abs(item.Change.Estimate))}";
    }
}
