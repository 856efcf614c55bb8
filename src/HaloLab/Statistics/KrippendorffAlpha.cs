namespace HaloLab.Statistics;

/// <summary>Krippendorff's α: agreement of any number of raters with missing ratings.</summary>
public static class KrippendorffAlpha
{
    /// <summary>1 is perfect agreement, 0 is chance; negative is less than chance.</summary>
    /// <param name="ratings">Units × raters; NaN where a rating is missing. Units with fewer than two ratings drop out.</param>
    /// <param name="level">What differences between grades mean.</param>
    /// <returns>NaN where no unit has two ratings, or all ratings that count are equal.</returns>
    public static double Compute(IReadOnlyList<double[]> ratings, MeasurementLevel level)
    {
        ArgumentNullException.ThrowIfNull(ratings);
        double[] values = [.. ratings.SelectMany(unit => unit).Where(rating => !double.IsNaN(rating)).Distinct().Order()];
        return CoincidenceMatrix.Of(ratings, values).Alpha(level);
    }
}
