using HaloLab.Statistics;

namespace HaloLab.Experiments.Rewards;

/// <summary>Agreement against the number of labels: of each arm and seed a line a + b · ln n by least squares.</summary>
internal sealed class LabelEfficiency
{
    private readonly IReadOnlyList<LabelEfficiencyPoint> _points;

    public LabelEfficiency(IReadOnlyList<LabelEfficiencyPoint> points) => _points = points;

    /// <summary>The line of an arm and seed; null with fewer than two numbers of labels, or where an agreement is undefined.</summary>
    public (double Intercept, double Slope)? Line(RewardArm arm, long seed)
    {
        LabelEfficiencyPoint[] points = [.. _points.Where(point => point.Arm == arm && point.Seed == seed && double.IsFinite(point.Agreement))];
        double[] x = [.. points.Select(point => Math.Log(point.Labels))];
        double[] y = [.. points.Select(point => point.Agreement)];
        if (x.Distinct().Count() < 2)
        {
            return null;
        }

        (double meanX, double meanY) = (x.Average(), y.Average());
        double slope = x.Zip(y).Sum(pair => (pair.First - meanX) * (pair.Second - meanY)) / x.Sum(value => (value - meanX) * (value - meanX));
        return (meanY - (slope * meanX), slope);
    }

    /// <summary>
    /// The number of labels at which the continued arm's line reaches the agreement that the patch-only arm has with most labels, over that number. Null where a
    /// line is missing or does not rise.
    /// </summary>
    /// <param name="seed">The seed.</param>
    /// <param name="before">Labels that only the continued arm learned from, before this training; in the points' unit.</param>
    public double? Ratio(long seed, double before = 0)
    {
        LabelEfficiencyPoint? most = _points.Where(point => point.Arm == RewardArm.PatchOnly && point.Seed == seed && double.IsFinite(point.Agreement)).MaxBy(point => point.Labels);
        return most is null || Line(RewardArm.Continued, seed) is not { Slope: > 0 } line ? null : (Math.Exp((most.Agreement - line.Intercept) / line.Slope) + before) / most.Labels;
    }

    /// <summary>The geometric mean of the ratios of seeds that have one, with its interval, which is undefined with fewer than two.</summary>
    /// <inheritdoc cref="Ratio(long, double)"/>
    public Interval Ratio(IEnumerable<long> seeds, double before = 0)
    {
        Interval logarithm = Interval.OfMean([.. seeds.Select(seed => Ratio(seed, before)).OfType<double>().Select(ratio => Math.Log(ratio))]);
        return logarithm with { Estimate = Math.Exp(logarithm.Estimate), Low = Math.Exp(logarithm.Low), High = Math.Exp(logarithm.High) };
    }
}

/// <summary>One trained model of the curve.</summary>
/// <param name="Arm">The arm.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Labels">How much it was labelled, above 0: patches, or prompts of equally many patches.</param>
/// <param name="Agreement">Its agreement on the test prompts.</param>
internal sealed record LabelEfficiencyPoint(RewardArm Arm, long Seed, int Labels, double Agreement);
