namespace HaloLab.Statistics;

/// <summary>Which departures from the null hypothesis a p-value counts.</summary>
public enum Alternative
{
    /// <summary>Either direction.</summary>
    TwoSided,

    /// <summary>The first sample tends to be greater than the second.</summary>
    Greater,

    /// <summary>The first sample tends to be less than the second.</summary>
    Less,
}
