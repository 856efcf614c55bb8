using HaloLab.Experiments;

namespace HaloLab.Tests.ToyWorld;

/// <summary>Cancels at the given report of progress.</summary>
internal sealed class StoppingProgress(int reports, CancellationTokenSource cancellation) : IRunProgress
{
    private int _left = reports;

    public void StageStarted(string name, string? folder, double secondsLeft)
    {
    }

    public void StageAdvanced(string name, double share, double secondsLeft)
    {
        if (--_left == 0)
        {
            cancellation.Cancel();
        }
    }

    public void StageFinished(StageResult result)
    {
    }
}
