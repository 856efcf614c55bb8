namespace HaloLab.Cli.Doctor;

internal enum FindingState
{
    /// <summary>As it should be.</summary>
    Fine,

    /// <summary>Only some verbs need it.</summary>
    Optional,

    /// <summary>Nothing that computes will run without it.</summary>
    Needed,
}
