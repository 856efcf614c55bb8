namespace HaloLab.Statistics;

/// <summary>What differences between grades mean (Stevens 1946).</summary>
public enum MeasurementLevel
{
    /// <summary>Grades are names: different is different.</summary>
    Nominal,

    /// <summary>Grades are ordered: the distance is how many ratings lie between.</summary>
    Ordinal,

    /// <summary>Differences are meaningful.</summary>
    Interval,

    /// <summary>Ratios are meaningful: positive numbers with a true zero.</summary>
    Ratio,
}
