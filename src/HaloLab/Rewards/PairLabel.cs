namespace HaloLab.Rewards;

/// <summary>What an annotator or a teacher said about a pair (A, B).</summary>
public enum PairLabel
{
    /// <summary>A is better.</summary>
    A,

    /// <summary>B is better.</summary>
    B,

    /// <summary>A tie. Ties are ties (DESIGN D5): only losses that model them use them.</summary>
    Same,

    /// <summary>No usable answer: contributes nothing.</summary>
    Invalid,
}
