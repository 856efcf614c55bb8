namespace HaloLab.GranDpo;

/// <summary>What the video term compares.</summary>
public enum VideoRewardSource
{
    /// <summary>The clips' video rewards.</summary>
    Video,

    /// <summary>The means of their patch rewards (patch-mean DPO, when the objective has the video term alone).</summary>
    PatchMean,
}
