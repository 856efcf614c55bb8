namespace HaloLab.Preferences;

/// <summary>Why two clips of a prompt did not become a pair; the first that applies, in this order.</summary>
public enum PairDropReason
{
    /// <summary>The layout rule forbids it.</summary>
    Layout,

    /// <summary>Both are the same clip.</summary>
    SameClip,

    /// <summary>Tied as a whole, and nothing else tells them apart: every patch that both have a reward for is tied too, or there is none.</summary>
    Tied,

    /// <summary>Tied as a whole and untied in some patch, but such pairs were not wanted.</summary>
    TiedVideo,

    /// <summary>The prompt already has the largest number of pairs.</summary>
    OverMaximum,
}
