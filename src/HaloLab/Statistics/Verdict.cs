namespace HaloLab.Statistics;

/// <summary>What a run says about a claim (DESIGN D7).</summary>
public enum Verdict
{
    /// <summary>The data that the claim needs were not made.</summary>
    NotRun,

    /// <summary>The interval reaches the threshold or lies on both sides of it, or is undefined.</summary>
    NotShown,

    /// <summary>The whole interval lies beyond the threshold.</summary>
    Shown,

    /// <summary>The whole interval lies on the wrong side of the threshold.</summary>
    Contradicted,
}
