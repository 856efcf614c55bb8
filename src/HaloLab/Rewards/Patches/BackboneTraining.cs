namespace HaloLab.Rewards.Patches;

/// <summary>What of a patch reward model is trained beside its heads.</summary>
public enum BackboneTraining
{
    /// <summary>Nothing: the backbone passes over each clip once, and its features are kept.</summary>
    Frozen,

    /// <summary>Low-rank adapters beside its layers.</summary>
    Adapters,

    /// <summary>Every weight.</summary>
    All,
}
