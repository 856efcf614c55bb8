namespace HaloLab.Preferences;

/// <summary>Which clips of a prompt may form a pair.</summary>
public enum PairLayout
{
    /// <summary>Any two.</summary>
    Any,

    /// <summary>Two samples that do not share their layout.</summary>
    Independent,

    /// <summary>Two clips re-noised from one sample, so that "the same place" shows the same thing.</summary>
    Shared,
}
