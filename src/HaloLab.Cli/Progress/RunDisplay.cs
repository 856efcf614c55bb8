using HaloLab.Experiments;
using Spectre.Console;

namespace HaloLab.Cli.Progress;

/// <summary>Shows a run on stderr: live bars with time left on a terminal, one line every few seconds in a log.</summary>
internal static class RunDisplay
{
    /// <summary>Runs <paramref name="run"/> with a progress that is shown while it runs.</summary>
    public static T Show<T>(Func<IRunProgress, T> run)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        if (Console.IsErrorRedirected || !console.Profile.Capabilities.Interactive)
        {
            return run(new LineProgress(Console.Error));
        }

        return console.Progress()
            .AutoRefresh(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .Start(context => run(new BarProgress(context)));
    }

    /// <summary>For example <c>2 min 05 s</c>.</summary>
    public static string Duration(double seconds)
    {
        TimeSpan time = TimeSpan.FromSeconds(Math.Max(0, Math.Round(seconds)));
        return time.TotalHours >= 1 ? $"{(int)time.TotalHours} h {time.Minutes:00} min"
            : time.TotalMinutes >= 1 ? $"{time.Minutes} min {time.Seconds:00} s"
            : $"{time.Seconds} s";
    }
}
