using System.Diagnostics;
using System.Globalization;
using HaloLab.Displays;
using HaloLab.Experiments;
using Spectre.Console;

namespace HaloLab.Cli.Progress;

/// <summary>Shows a run on stderr: live bars with time left on a terminal, one line every few seconds in a log.</summary>
internal static class RunDisplay
{
    /// <summary>Where live bars are drawn, if they are.</summary>
    private static IAnsiConsole? _live;

    /// <summary>Writes a line to stderr; above the bars while they are drawn, which would be written over otherwise.</summary>
    public static void Say(string line)
    {
        if (_live is { } console)
        {
            console.WriteLine(line);
        }
        else
        {
            Console.Error.WriteLine(line);
        }
    }

    /// <summary>Runs <paramref name="run"/> with a progress that is shown while it runs.</summary>
    public static T Show<T>(Func<IRunProgress, T> run) => Terminal() is { } console ? Show(console, run) : run(new LineProgress(Console.Error));

    /// <summary>The same on a terminal: live bars, and below them the curves of what is trained.</summary>
    /// <param name="console">The terminal.</param>
    /// <param name="run">Is given what shows its progress.</param>
    internal static T Show<T>(IAnsiConsole console, Func<IRunProgress, T> run)
    {
        TrainingView training = new();
        _live = console;
        try
        {
            return console.Progress()
                .AutoRefresh(false)
                .UseRenderHook((bars, _) => new Rows([bars, .. training.Lines().Select(line => new Text(line[..Math.Min(line.Length, console.Profile.Width)]))]))
                .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
                .Start(context => run(new BarProgress(context, training)));
        }
        finally
        {
            _live = null;
        }
    }

    /// <summary>Shows one piece of work as a bar on a terminal; in a log, if it takes long, as a line every ten seconds.</summary>
    /// <param name="name">What is done.</param>
    /// <param name="work">Is given what to tell the share done.</param>
    public static void Bar(string name, Action<Action<double>> work)
    {
        if (Terminal() is not { } console)
        {
            Stopwatch sinceStart = Stopwatch.StartNew();
            TimeSpan lastLine = TimeSpan.Zero;
            work(share =>
            {
                TimeSpan now = sinceStart.Elapsed;
                if (now - lastLine >= TimeSpan.FromSeconds(10) && share is > 0 and < 1)
                {
                    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {share:p0}; about {DisplayNumber.Duration(now.TotalSeconds * (1 - share) / share)} left"));
                    lastLine = now;
                }
            });
            return;
        }

        console.Progress().AutoRefresh(false).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).Start(context =>
        {
            ProgressTask task = context.AddTask(name, maxValue: 1);
            work(share =>
            {
                task.Value = share;
                context.Refresh();
            });
        });
    }

    /// <summary>Shows work in several named parts: on a terminal a bar for each, in a log a line every ten seconds.</summary>
    /// <param name="work">Is given what to tell the part and the share of it that is done.</param>
    public static void Bars(Action<Action<string, double>> work)
    {
        if (Terminal() is not { } console)
        {
            work(Lines());
            return;
        }

        console.Progress().AutoRefresh(false).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).Start(context =>
        {
            Dictionary<string, ProgressTask> tasks = [];
            Stopwatch sinceDrawn = Stopwatch.StartNew();
            work((name, share) =>
            {
                if (!tasks.TryGetValue(name, out ProgressTask? task))
                {
                    tasks.Add(name, task = context.AddTask(name.EscapeMarkup(), maxValue: 1));
                }

                task.Value = share;
                if (share >= 1 || sinceDrawn.ElapsedMilliseconds >= 100)
                {
                    context.Refresh();
                    sinceDrawn.Restart();
                }
            });
        });
    }

    private static Action<string, double> Lines()
    {
        string? current = null;
        Stopwatch sinceStart = new();
        Stopwatch sinceLine = new();
        return (name, share) =>
        {
            if (name != current)
            {
                current = name;
                sinceStart.Restart();
                sinceLine.Restart();
            }
            else if (sinceLine.Elapsed.TotalSeconds >= 10 && share > 0)
            {
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {share:p0}; about {DisplayNumber.Duration(sinceStart.Elapsed.TotalSeconds * (1 - share) / share)} left"));
                sinceLine.Restart();
            }
        };
    }

    /// <summary>Stderr where it is a terminal, else null.</summary>
    private static IAnsiConsole? Terminal()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return Console.IsErrorRedirected || !console.Profile.Capabilities.Interactive ? null : console;
    }
}
