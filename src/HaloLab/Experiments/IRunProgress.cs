namespace HaloLab.Experiments;

/// <summary>Told how a run of stages goes on; the command line shows it, tests and notebooks have their own.</summary>
public interface IRunProgress
{
    /// <summary>A stage starts to compute.</summary>
    /// <param name="name">The stage.</param>
    /// <param name="folder">Where it works until it is finished; a stage that trains writes its metrics there. Null: nowhere.</param>
    /// <param name="secondsLeft">Expected time for it and all stages after it.</param>
    void StageStarted(string name, string? folder, double secondsLeft);

    /// <summary>A share of the stage is done.</summary>
    /// <param name="name">The stage.</param>
    /// <param name="share">0 to 1.</param>
    /// <param name="secondsLeft">Expected time for the rest of it and all stages after it.</param>
    void StageAdvanced(string name, double share, double secondsLeft);

    /// <summary>A stage is finished, computed or read.</summary>
    void StageFinished(StageResult result);
}
