using HaloLab.Displays;

namespace HaloLab.Experiments;

/// <summary>
/// A run of stages while it goes on, for a notebook: every stage that is computed is displayed in the cell that needs it, and again at most twice a second. What is found
/// finished is not shown.
/// <code>ToyRun run = ToyRun.Open(preset, seed, folder, new StageProgress(stage =&gt; display(stage).Update));</code>
/// </summary>
/// <param name="display">Displays a value and returns what displays another in its place.</param>
public sealed class StageProgress(Func<object, Action<object>> display) : IRunProgress
{
    private readonly UpdateClock _updates = new();
    private (StageDisplay Display, Action<object> Update)? _stage;

    /// <inheritdoc/>
    public void StageStarted(string name, string? folder, double secondsLeft)
    {
        StageDisplay stage = new(name, folder, secondsLeft);
        _stage = (stage, display(stage));
    }

    /// <inheritdoc/>
    public void StageAdvanced(string name, double share, double secondsLeft)
    {
        if (_stage is { } stage && _updates.IsDue())
        {
            // At the very end the stage's result is still to be written.
            stage.Display.Advance(Math.Min(share, 0.999), secondsLeft);
            stage.Update(stage.Display);
        }
    }

    /// <inheritdoc/>
    public void StageFinished(StageResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        if (_stage is { } stage && !result.WasRead)
        {
            stage.Display.Advance(1, result.Seconds);
            stage.Update(stage.Display);
        }

        _stage = null;
    }
}
