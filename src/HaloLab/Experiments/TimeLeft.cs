using System.Diagnostics;

namespace HaloLab.Experiments;

/// <summary>Estimates the time left of a run from expected costs, corrected by how the machine does on what it has computed so far.</summary>
/// <param name="totalExpectedSeconds">Expected seconds of all stages.</param>
internal sealed class TimeLeft(double totalExpectedSeconds)
{
    private readonly Stopwatch _sinceLastStage = Stopwatch.StartNew();
    private double _notStarted = totalExpectedSeconds;
    private double _expectedComputed;
    private double _measuredComputed;

    /// <summary>Seconds left when <paramref name="share"/> of a stage of <paramref name="expectedSeconds"/> is done.</summary>
    public double At(double expectedSeconds, double share)
    {
        double speed = _expectedComputed > 0 ? _measuredComputed / _expectedComputed : 1;
        double elapsed = _sinceLastStage.Elapsed.TotalSeconds;
        double byExpectation = Math.Max(0, (expectedSeconds * speed) - elapsed);
        double byProgress = share > 0 ? elapsed * (1 - share) / share : byExpectation;

        // Early in a stage the share done is a poor guide; by a fifth of it, it is the better one.
        double weight = Math.Min(1, share * 5);
        return ((_notStarted - expectedSeconds) * speed) + (weight * byProgress) + ((1 - weight) * byExpectation);
    }

    public void Finished(double expectedSeconds, StageResult result)
    {
        _notStarted -= expectedSeconds;
        if (!result.WasRead)
        {
            _expectedComputed += expectedSeconds;
            _measuredComputed += _sinceLastStage.Elapsed.TotalSeconds;
        }

        _sinceLastStage.Restart();
    }
}
