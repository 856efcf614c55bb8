namespace HaloLab.Rewards;

/// <summary>What a masked loss is divided by.</summary>
public enum LossMean
{
    /// <summary>The number of entries that count; a batch without any gives 0.</summary>
    Valid,

    /// <summary>The number of all entries, masked ones included: what VideoAlign's trainer does, so its learning rates carry over.</summary>
    All,
}
