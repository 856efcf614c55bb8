namespace HaloLab.Evaluation.Ratings;

/// <summary>How far predictions lie from the mean outcome of the cases that have about that prediction (Naeini et al. 2015).</summary>
/// <param name="Expected">Mean distance over cases.</param>
/// <param name="Maximum">Largest distance of a bin.</param>
/// <param name="Bins">Bins that were formed.</param>
public sealed record CalibrationError(double Expected, double Maximum, int Bins)
{
    private const int DefaultBins = 10;

    /// <summary>Computes both over bins of equal mass. Equal predictions stay together, so there are fewer bins where there are many.</summary>
    /// <param name="predictions">Predictions, finite.</param>
    /// <param name="outcomes">What came out, on the same scale.</param>
    /// <param name="bins">Number of bins asked for, at least 1.</param>
    /// <exception cref="ArgumentException">There is none, or the numbers differ.</exception>
    public static CalibrationError Of(IReadOnlyList<double> predictions, IReadOnlyList<double> outcomes, int bins = DefaultBins)
    {
        ArgumentNullException.ThrowIfNull(predictions);
        ArgumentNullException.ThrowIfNull(outcomes);
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        if (predictions.Count == 0 || predictions.Count != outcomes.Count)
        {
            throw new ArgumentException($"Expected as many outcomes as predictions and at least one, got {outcomes.Count} and {predictions.Count}.", nameof(outcomes));
        }

        // A run of equal predictions falls into the bin of its middle.
        int count = predictions.Count;
        IOrderedEnumerable<IGrouping<double, (double Prediction, double Outcome)>> runs = predictions.Zip(outcomes).GroupBy(pair => pair.First).OrderBy(run => run.Key);
        Dictionary<int, (double Predicted, double CameOut, int Cases)> sums = [];
        int before = 0;
        foreach (IGrouping<double, (double Prediction, double Outcome)> run in runs)
        {
            int cases = run.Count();
            int bin = (int)((before + (cases / 2.0)) * bins / count);
            (double predicted, double cameOut, int inside) = sums.GetValueOrDefault(bin);
            sums[bin] = (predicted + (run.Key * cases), cameOut + run.Sum(pair => pair.Outcome), inside + cases);
            before += cases;
        }

        return new CalibrationError(
            sums.Values.Sum(bin => Math.Abs(bin.Predicted - bin.CameOut)) / count,
            sums.Values.Max(bin => Math.Abs(bin.Predicted - bin.CameOut) / bin.Cases),
            sums.Count);
    }
}
