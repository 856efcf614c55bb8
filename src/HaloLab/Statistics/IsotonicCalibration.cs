namespace HaloLab.Statistics;

/// <summary>
/// The rising step-wise curve that lies nearest to given outcomes (isotonic regression by pooling adjacent violators; Zadrozny and Elkan 2002): linear between the ends of its steps, level beyond
/// them.
/// </summary>
public sealed class IsotonicCalibration : ICalibration
{
    private readonly double[] _x;
    private readonly double[] _y;

    private IsotonicCalibration(double[] x, double[] y) => (_x, _y) = (x, y);

    /// <summary>Fits the curve.</summary>
    /// <param name="scores">Finite, at least one; outcomes of equal scores are averaged first.</param>
    /// <param name="outcomes">As many outcomes.</param>
    /// <param name="weights">How much each counts, above 0; null: all the same.</param>
    public static IsotonicCalibration Fit(IReadOnlyList<double> scores, IReadOnlyList<double> outcomes, IReadOnlyList<double>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(outcomes);
        if (scores.Count == 0 || scores.Count != outcomes.Count || (weights is not null && weights.Count != scores.Count) || !scores.All(double.IsFinite))
        {
            throw new ArgumentException("Give at least one finite score, and an outcome and a weight for each.", nameof(scores));
        }

        List<(double First, double Last, double Sum, double Weight)> steps = [];
        foreach (IGrouping<double, int> same in Enumerable.Range(0, scores.Count).GroupBy(i => scores[i]).OrderBy(group => group.Key))
        {
            double weight = same.Sum(i => weights?[i] ?? 1);
            (double First, double Last, double Sum, double Weight) step = (same.Key, same.Key, same.Sum(i => (weights?[i] ?? 1) * outcomes[i]), weight);
            while (steps.Count > 0 && steps[^1].Sum / steps[^1].Weight >= step.Sum / step.Weight)
            {
                step = (steps[^1].First, step.Last, steps[^1].Sum + step.Sum, steps[^1].Weight + step.Weight);
                steps.RemoveAt(steps.Count - 1);
            }

            steps.Add(step);
        }

        (double X, double Y)[] ends = [.. steps.SelectMany(step => step.First == step.Last ? new[] { (step.First, step.Sum / step.Weight) } : [(step.First, step.Sum / step.Weight), (step.Last, step.Sum / step.Weight)])];
        return new IsotonicCalibration([.. ends.Select(end => end.X)], [.. ends.Select(end => end.Y)]);
    }

    /// <inheritdoc/>
    public double Probability(double score)
    {
        int after = Array.BinarySearch(_x, score);
        if (after >= 0)
        {
            return _y[after];
        }

        after = ~after;
        return after == 0 ? _y[0] : after == _x.Length ? _y[^1]
            : _y[after - 1] + ((_y[after] - _y[after - 1]) * (score - _x[after - 1]) / (_x[after] - _x[after - 1]));
    }
}
