namespace HaloLab.ToyWorld;

/// <summary>What a caption may be used for.</summary>
public enum ToySplit
{
    /// <summary>Pretraining, labels, preference pairs.</summary>
    Training,

    /// <summary>Choosing settings.</summary>
    Development,

    /// <summary>The numbers that are reported; nothing is ever chosen with these.</summary>
    Reporting,
}
