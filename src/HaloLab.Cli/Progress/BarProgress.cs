using System.Diagnostics;
using HaloLab.Displays;
using HaloLab.Experiments;
using Spectre.Console;

namespace HaloLab.Cli.Progress;

/// <summary>
/// Progress as live bars, one a stage, the running ones with the time left for everything. They are drawn by the thread that works: one that
/// draws beside it makes garbage, and a collection on another thread can free a number that TorchSharp is about to use (Directory.Build.props).
/// </summary>
/// <param name="context">Holds the bars.</param>
/// <param name="training">Shown below the bars.</param>
internal sealed class BarProgress(ProgressContext context, TrainingView training) : IRunProgress
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private readonly Stopwatch _sinceDrawn = Stopwatch.StartNew();
    private readonly Dictionary<string, ProgressTask> _running = [];

    public void StageStarted(string name, string? folder, double secondsLeft)
    {
        training.Begin(name, folder);
        _running[name] = context.AddTask(Describe(name, secondsLeft), maxValue: 1);
        Draw();
    }

    public void StageAdvanced(string name, double share, double secondsLeft)
    {
        _running[name].Value = share;
        _running[name].Description = Describe(name, secondsLeft);
        if (_sinceDrawn.Elapsed >= Interval)
        {
            training.Read();
            Draw();
        }
    }

    public void StageFinished(StageResult result)
    {
        ProgressTask task = result.WasRead ? context.AddTask(result.Name.EscapeMarkup(), maxValue: 1) : _running[result.Name];
        task.Description = result.WasRead ? $"{result.Name.EscapeMarkup()} [grey](found finished)[/]" : result.Name.EscapeMarkup();
        task.Value = 1;
        task.StopTask();
        Draw();
    }

    private void Draw()
    {
        context.Refresh();
        _sinceDrawn.Restart();
    }

    private static string Describe(string name, double secondsLeft) => $"{name.EscapeMarkup()} [grey](all in {DisplayNumber.Duration(secondsLeft)})[/]";
}
