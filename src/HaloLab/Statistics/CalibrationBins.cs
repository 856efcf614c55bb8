namespace HaloLab.Statistics;

/// <summary>
/// Probabilities and what came out, sorted into bins by probability: how far they lie from each other (Naeini et al. 2015), and how much the bins tell apart (Murphy 1973).
/// </summary>
public sealed class CalibrationBins
{
    /// <summary>Bins when the caller names no number.</summary>
    public const int DefaultBins = 10;

    private CalibrationBins(IEnumerable<(double Predicted, double Outcome)[]> bins)
    {
        Bins = [.. bins.Where(bin => bin.Length > 0).Select(bin => (bin.Average(item => item.Predicted), bin.Average(item => item.Outcome), bin.Length))];
        double count = Bins.Sum(bin => bin.Count);
        double rate = Bins.Sum(bin => bin.Count * bin.Observed) / count;
        double Mean(Func<(double Predicted, double Observed, int Count), double> value) => Bins.Sum(bin => bin.Count * value(bin)) / count;
        (ExpectedError, MaximumError) = (Mean(bin => Math.Abs(bin.Predicted - bin.Observed)), Bins.Max(bin => Math.Abs(bin.Predicted - bin.Observed)));
        (Reliability, Resolution, Uncertainty) = (Mean(bin => Math.Pow(bin.Predicted - bin.Observed, 2)), Mean(bin => Math.Pow(bin.Observed - rate, 2)), rate * (1 - rate));
    }

    /// <summary>Of each bin that is not empty, from low to high: mean prediction, share that happened, number of cases.</summary>
    public IReadOnlyList<(double Predicted, double Observed, int Count)> Bins { get; }

    /// <summary>Expected calibration error: mean distance of prediction and share over the cases' bins.</summary>
    public double ExpectedError { get; }

    /// <summary>Maximum calibration error: the largest distance of a bin, however few its cases.</summary>
    public double MaximumError { get; }

    /// <summary>Mean squared distance of prediction and share: 0 is best.</summary>
    public double Reliability { get; }

    /// <summary>Mean squared distance of the bins' shares and the overall one: the higher, the more the predictions tell apart.</summary>
    public double Resolution { get; }

    /// <summary>Variance of the outcome: the Brier score of always saying the overall share. Reliability − resolution + uncertainty is the Brier score of the bins' mean predictions.</summary>
    public double Uncertainty { get; }

    /// <summary>Equal bins of [0, 1]: bin floor(p · bins), the last one closed.</summary>
    /// <param name="predicted">Probabilities in [0, 1], at least one.</param>
    /// <param name="happened">As many outcomes.</param>
    /// <param name="bins">At least 1.</param>
    public static CalibrationBins EqualWidth(IReadOnlyList<double> predicted, IReadOnlyList<bool> happened, int bins = DefaultBins) =>
        new(Cases(predicted, happened, bins).GroupBy(item => Math.Min(bins - 1, (int)(item.Predicted * bins))).OrderBy(bin => bin.Key).Select(bin => bin.ToArray()));

    /// <summary>Bins of as many cases each, in the order of probability; the first ones have one more where they do not come out even.</summary>
    /// <inheritdoc cref="EqualWidth"/>
    public static CalibrationBins EqualMass(IReadOnlyList<double> predicted, IReadOnlyList<bool> happened, int bins = DefaultBins)
    {
        (double Predicted, double Outcome)[] sorted = [.. Cases(predicted, happened, bins).OrderBy(item => item.Predicted)];
        (int least, int more) = (sorted.Length / bins, sorted.Length % bins);
        return new CalibrationBins(Enumerable.Range(0, bins).Select(bin => sorted.Skip((bin * least) + Math.Min(bin, more)).Take(least + (bin < more ? 1 : 0)).ToArray()));
    }

    /// <summary>Mean squared distance of probability and outcome (Brier 1950).</summary>
    public static double Brier(IReadOnlyList<double> predicted, IReadOnlyList<bool> happened) => Cases(predicted, happened, 1).Average(item => Math.Pow(item.Predicted - item.Outcome, 2));

    private static (double Predicted, double Outcome)[] Cases(IReadOnlyList<double> predicted, IReadOnlyList<bool> happened, int bins)
    {
        ArgumentNullException.ThrowIfNull(predicted);
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        return predicted.Count > 0 && predicted.Count == happened.Count && predicted.All(value => value is >= 0 and <= 1)
            ? [.. predicted.Zip(happened, (value, outcome) => (value, outcome ? 1.0 : 0.0))]
            : throw new ArgumentException("Give at least one probability between 0 and 1, and an outcome for each.", nameof(predicted));
    }
}
