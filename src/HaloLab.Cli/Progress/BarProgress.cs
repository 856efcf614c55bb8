using HaloLab.Experiments;
using Spectre.Console;

namespace HaloLab.Cli.Progress;

/// <summary>Progress as live bars, one a stage, the running one with the time left for everything.</summary>
internal sealed class BarProgress(ProgressContext context) : IRunProgress
{
    private ProgressTask? _current;

    public void StageStarted(string name, double secondsLeft)
    {
        _current = context.AddTask(Describe(name, secondsLeft), maxValue: 1);
    }

    public void StageAdvanced(string name, double share, double secondsLeft)
    {
        _current!.Value = share;
        _current.Description = Describe(name, secondsLeft);
    }

    public void StageFinished(StageResult result)
    {
        ProgressTask task = result.WasRead ? context.AddTask(result.Name.EscapeMarkup(), maxValue: 1) : _current!;
        task.Description = result.WasRead ? $"{result.Name.EscapeMarkup()} [grey](found finished)[/]" : result.Name.EscapeMarkup();
        task.Value = 1;
        task.StopTask();
    }

    private static string Describe(string name, double secondsLeft) => $"{name.EscapeMarkup()} [grey](all in {RunDisplay.Duration(secondsLeft)})[/]";
}
