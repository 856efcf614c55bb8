using HaloLab.Displays;
using HaloLab.Evaluation.Scorers;

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
}
