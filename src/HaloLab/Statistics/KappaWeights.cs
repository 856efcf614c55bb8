namespace HaloLab.Statistics;

/// <summary>How much a disagreement between categories i and j counts.</summary>
public enum KappaWeights
{
    /// <summary>1 for every disagreement.</summary>
    None,

    /// <summary>|i − j|.</summary>
    Linear,

    /// <summary>(i − j)².</summary>
    Quadratic,
}
