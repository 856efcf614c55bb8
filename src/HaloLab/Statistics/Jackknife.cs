namespace HaloLab.Statistics;

/// <summary>
/// Delete-a-group jackknife (Quenouille 1956, Tukey 1958): from what a statistic becomes without each group of units, how far it is off because there are few units, and how uncertain it is. For statistics
/// that resampling with repetition would distort, since a unit drawn twice looks like two that agree.
/// </summary>
public static class Jackknife
{
    /// <summary>
    /// With θ of all units and θ₋ₖ without group k of K: the corrected estimate K·θ − (K − 1)·mean θ₋ₖ, free of errors that shrink with one over the number of units, and Student's t interval around it with
    /// variance (K − 1) / K · Σ (θ₋ₖ − mean)² and K − 1 degrees of freedom.
    /// </summary>
    /// <param name="count">Number of units, at least 2; unit i belongs to group i mod K.</param>
    /// <param name="statistic">From indices of units to a number.</param>
    /// <param name="groups">K, at least 2; no more than there are units are made.</param>
    /// <param name="level">Confidence level in (0, 1).</param>
    /// <returns>The statistic of all units, and the corrected one with its interval.</returns>
    public static (double Estimate, Interval Corrected) Grouped(int count, Func<int[], double> statistic, int groups, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(groups, 2);
        int number = Math.Min(groups, count);
        int[] all = [.. Enumerable.Range(0, count)];
        double estimate = statistic(all);
        double[] without = [.. Enumerable.Range(0, number).Select(group => statistic([.. all.Where(unit => unit % number != group)]))];
        double mean = Moments.Mean(without);
        double corrected = (number * estimate) - ((number - 1) * mean);
        double error = Math.Sqrt((number - 1.0) / number * without.Sum(value => (value - mean) * (value - mean)));
        double margin = Distributions.StudentTwoSidedQuantile(level, number - 1) * error;
        return (estimate, new Interval(corrected, corrected - margin, corrected + margin, level));
    }
}
