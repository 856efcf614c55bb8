namespace HaloLab.Statistics;

/// <summary>Agreement of raters on a continuous scale, from a complete table.</summary>
public static class IntraclassCorrelation
{
    /// <summary>Computes one form with its interval (F distribution; Satterthwaite's degrees of freedom for the agreement forms).</summary>
    /// <param name="ratings">Targets × raters, complete. A non-finite rating, fewer than two of either, or no spread give NaN.</param>
    /// <param name="form">Which of the six.</param>
    /// <param name="level">Confidence level in (0, 1).</param>
    /// <exception cref="ArgumentException">The rows differ in length.</exception>
    public static IccResult Compute(IReadOnlyList<double[]> ratings, IccForm form, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(ratings);
        int targets = ratings.Count;
        int raters = targets == 0 ? 0 : ratings[0].Length;
        foreach (double[] row in ratings)
        {
            Moments.RequireSameLength(raters, row.Length);
        }

        bool oneWay = form is IccForm.OneWaySingle or IccForm.OneWayMean;
        int numeratorDegrees = targets - 1;
        int denominatorDegrees = oneWay ? targets * (raters - 1) : (targets - 1) * (raters - 1);
        if (targets < 2 || raters < 2 || !ratings.All(row => Moments.AllFinite(row)))
        {
            return new IccResult(Interval.Undefined(level), double.NaN, numeratorDegrees, denominatorDegrees, double.NaN);
        }

        MeanSquares squares = new(ratings);
        double f = squares.Targets / (oneWay ? squares.Within : squares.Error);
        Interval single = form switch
        {
            IccForm.AgreementSingle or IccForm.AgreementMean => Agreement(squares, targets, raters, level),
            _ => FromF(f, numeratorDegrees, denominatorDegrees, raters, level),
        };
        bool isMean = form is IccForm.OneWayMean or IccForm.AgreementMean or IccForm.ConsistencyMean;
        return new IccResult(
            isMean ? OfMeanRating(single, raters) : single,
            f,
            numeratorDegrees,
            denominatorDegrees,
            Distributions.FisherUpperTail(f, numeratorDegrees, denominatorDegrees));
    }

    /// <summary>The one-way and consistency forms are (F − 1)/(F + k − 1), and so are their bounds.</summary>
    private static Interval FromF(double f, double numeratorDegrees, double denominatorDegrees, int raters, double level)
    {
        double tail = (1.0 - level) / 2.0;
        double Single(double ratio) => double.IsPositiveInfinity(ratio) ? 1.0 : (ratio - 1.0) / (ratio + raters - 1.0);
        double low = f / Distributions.FisherUpperQuantile(tail, numeratorDegrees, denominatorDegrees);
        double high = f * Distributions.FisherUpperQuantile(tail, denominatorDegrees, numeratorDegrees);
        return new Interval(Single(f), Single(low), Single(high), level);
    }

    private static Interval Agreement(MeanSquares squares, double n, double k, double level)
    {
        double targets = squares.Targets;
        double raters = squares.Raters;
        double error = squares.Error;
        double icc = (targets - error) / (targets + ((k - 1.0) * error) + (k * (raters - error) / n));

        double ratio = raters / error;
        double spread = (n * (1.0 + ((k - 1.0) * icc))) - (k * icc);
        double degrees = (n - 1.0) * (k - 1.0) * Math.Pow((k * icc * ratio) + spread, 2)
            / (((n - 1.0) * Math.Pow(k * icc * ratio, 2)) + Math.Pow(spread, 2));
        double tail = (1.0 - level) / 2.0;
        double lowF = Distributions.FisherUpperQuantile(tail, n - 1.0, degrees);
        double highF = Distributions.FisherUpperQuantile(tail, degrees, n - 1.0);
        double others = (k * raters) + (((k * n) - k - n) * error);
        double low = n * (targets - (lowF * error)) / ((lowF * others) + (n * targets));
        double high = n * ((highF * targets) - error) / (others + (n * highF * targets));
        return new Interval(icc, low, high, level);
    }

    /// <summary>Spearman and Brown's formula.</summary>
    private static Interval OfMeanRating(Interval single, double k)
    {
        double Mean(double icc) => k * icc / (1.0 + ((k - 1.0) * icc));
        return new Interval(Mean(single.Estimate), Mean(single.Low), Mean(single.High), single.Level);
    }

    private readonly struct MeanSquares
    {
        public MeanSquares(IReadOnlyList<double[]> ratings)
        {
            int n = ratings.Count;
            int k = ratings[0].Length;
            double mean = ratings.Average(row => row.Average());
            double ofTargets = k * ratings.Sum(row => Math.Pow(row.Average() - mean, 2));
            double ofRaters = n * Enumerable.Range(0, k).Sum(rater => Math.Pow(ratings.Average(row => row[rater]) - mean, 2));
            double within = ratings.Sum(row => row.Sum(rating => Math.Pow(rating - row.Average(), 2)));
            Targets = ofTargets / (n - 1.0);
            Raters = ofRaters / (k - 1.0);
            Within = within / (n * (k - 1.0));
            Error = Math.Max(0.0, within - ofRaters) / ((n - 1.0) * (k - 1.0));
        }

        public double Targets { get; }

        public double Raters { get; }

        public double Within { get; }

        public double Error { get; }
    }
}
