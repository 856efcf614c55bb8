using System.Diagnostics;
using System.Globalization;
using HaloLab.Experiments;

namespace HaloLab.Cli.Progress;

/// <summary>Progress as lines of a log: start and end of each stage, and a line every ten seconds between.</summary>
internal sealed class LineProgress(TextWriter writer) : IRunProgress
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly Stopwatch _sinceLastLine = Stopwatch.StartNew();

    public void StageStarted(string name, double secondsLeft) => Write($"{name}: started; all in about {RunDisplay.Duration(secondsLeft)}");

    public void StageAdvanced(string name, double share, double secondsLeft)
    {
        if (_sinceLastLine.Elapsed >= Interval)
        {
            Write(string.Create(CultureInfo.InvariantCulture, $"{name}: {share:p0}; all in about {RunDisplay.Duration(secondsLeft)}"));
        }
    }

    public void StageFinished(StageResult result) =>
        Write(result.WasRead ? $"{result.Name}: found finished" : $"{result.Name}: done in {RunDisplay.Duration(result.Seconds)}");

    private void Write(string line)
    {
        writer.WriteLine(line);
        _sinceLastLine.Restart();
    }
}
