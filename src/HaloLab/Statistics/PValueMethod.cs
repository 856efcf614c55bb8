namespace HaloLab.Statistics;

/// <summary>How the null distribution of a rank statistic is found.</summary>
public enum PValueMethod
{
    /// <summary>Exact where that is cheap and defined, else the normal approximation; every test documents its limit.</summary>
    Auto,

    /// <summary>The exact null distribution.</summary>
    Exact,

    /// <summary>The normal approximation, corrected for ties.</summary>
    Normal,
}
