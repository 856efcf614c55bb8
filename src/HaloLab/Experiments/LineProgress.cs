using System.Diagnostics;
using System.Globalization;
using HaloLab.Displays;

namespace HaloLab.Experiments;

/// <summary>Progress as lines of a log: start and end of each stage, and a line every ten seconds between.</summary>
/// <param name="writer">Where the lines go.</param>
/// <param name="saysFound">Whether stages that were found finished are named too.</param>
public sealed class LineProgress(TextWriter writer, bool saysFound = true) : IRunProgress
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly Stopwatch _sinceLastLine = Stopwatch.StartNew();

    /// <inheritdoc/>
    public void StageStarted(string name, double secondsLeft) => Write($"{name}: started; all in about {DisplayNumber.Duration(secondsLeft)}");

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
        if (!result.WasRead)
        {
            Write($"{result.Name}: done in {DisplayNumber.Duration(result.Seconds)}");
        }
        else if (saysFound)
        {
            Write($"{result.Name}: found finished");
        }
    }

    private void Write(string line)
    {
        writer.WriteLine(line);
        _sinceLastLine.Restart();
    }
}
