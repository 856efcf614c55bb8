namespace HaloLab.Statistics;

/// <summary>On which side of its threshold a claim puts the measure.</summary>
public enum ClaimDirection
{
    /// <summary>The measure is greater than the threshold.</summary>
    Above,

    /// <summary>The measure is less than the threshold.</summary>
    Below,
}
