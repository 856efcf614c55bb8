namespace HaloLab.Experiments;

/// <summary>
/// The token of whoever may interrupt the code that runs now. A notebook's kernel sets it for every cell, so that a cell need not pass it on for a training to stop after
/// its step; elsewhere nothing is ever interrupted by it.
/// </summary>
public static class Interruption
{
    /// <summary>Cancelled when the running cell is to stop.</summary>
    public static CancellationToken Token { get; internal set; }
}
