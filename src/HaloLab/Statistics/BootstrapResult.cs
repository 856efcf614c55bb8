namespace HaloLab.Statistics;

/// <summary>A bootstrap distribution and its three intervals.</summary>
public sealed record BootstrapResult
{
    /// <summary>The statistic of the sample itself.</summary>
    public required double Estimate { get; init; }

    /// <summary>Standard deviation (n − 1) of the replicates.</summary>
    public required double StandardError { get; init; }

    /// <summary>Quantiles of the replicates (linear interpolation, type 7).</summary>
    public required Interval Percentile { get; init; }

    /// <summary>The percentile interval reflected at the estimate.</summary>
    public required Interval Basic { get; init; }

    /// <summary>
    /// Bias-corrected and accelerated (Efron 1987). Undefined where every replicate lies on one side of the estimate, a jackknife value is
    /// undefined, or there is only one unit.
    /// </summary>
    public required Interval Bca { get; init; }

    /// <summary>z₀: the normal quantile of the share of replicates below the estimate, ties counting half.</summary>
    public required double BiasCorrection { get; init; }

    /// <summary>Skewness of the jackknife values over 6; 0 where they are all equal.</summary>
    public required double Acceleration { get; init; }

    /// <summary>The two probabilities at which <see cref="Bca"/> reads the replicates.</summary>
    public required (double Low, double High) BcaProbabilities { get; init; }

    /// <summary>The replicates in the order of the resamples, undefined (NaN) ones included.</summary>
    public required double[] Replicates { get; init; }

    /// <summary>How many replicates are NaN: they are left out of everything else, so say so when there are many.</summary>
    public required int UndefinedReplicates { get; init; }
}
