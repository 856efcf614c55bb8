using System.Diagnostics;

namespace HaloLab.Displays;

/// <summary>Lets through at most two updates a second: what a reader can follow, and what costs a training loop nothing.</summary>
internal sealed class UpdateClock
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private readonly Stopwatch _sinceUpdate = new();

    /// <summary>Whether it is time; the first call is.</summary>
    public bool IsDue()
    {
        if (_sinceUpdate.IsRunning && _sinceUpdate.Elapsed < Interval)
        {
            return false;
        }

        _sinceUpdate.Restart();
        return true;
    }
}
