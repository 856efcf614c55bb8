using System.Diagnostics;
using System.Globalization;
using HaloLab.Displays;

namespace HaloLab.Experiments;

/// <summary>Progress as lines of a log: start and end of each stage, and a line every ten seconds between.</summary>
/// <param name="writer">Where the lines go.</param>
public sealed class LineProgress(TextWriter writer) : IRunProgress
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly Stopwatch _sinceLastLine = Stopwatch.StartNew();

    /// <inheritdoc/>
    public void StageStarted(string name, string? folder, double secondsLeft) => Write($"{name}: started; all in about {DisplayNumber.Duration(secondsLeft)}");

    /// <inheritdoc/>
    public void StageAdvanced(string name, double share, double secondsLeft)
    {
        if (_sinceLastLine.Elapsed >= Interval)
        {
            Write(string.Create(CultureInfo.InvariantCulture, $"{name}: {share:p0}; all in about {DisplayNumber.Duration(secondsLeft)}"));
        }
    }

    /// <inheritdoc/>
    public void StageFinished(StageResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        Write(result.WasRead ? $"{result.Name}: found finished" : $"{result.Name}: done in {DisplayNumber.Duration(result.Seconds)}");
    }

    private void Write(string line)
    {
        writer.WriteLine(line);
        _sinceLastLine.Restart();
    }
}
