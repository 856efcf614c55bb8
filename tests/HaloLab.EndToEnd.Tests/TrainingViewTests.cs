using HaloLab.Cli.Progress;
using HaloLab.Experiments;
using Spectre.Console;

namespace HaloLab.EndToEnd.Tests;

/// <summary>What a terminal shows of a training; logs are tested with the verbs.</summary>
public sealed class TrainingViewTests : IDisposable
{
    private readonly string _run = Directory.CreateTempSubdirectory("halolab-view-").FullName;

    private string Stage => Path.Combine(_run, "stages", "tuned-key.partial");

    public void Dispose() => Directory.Delete(_run, recursive: true);

    [Fact]
    public void CurvesAndTheNewestSamplesAreShownUntilTheNextStage()
    {
        TrainingView view = new();
        Assert.Empty(view.Lines());
        view.Begin("tuned", Stage);
        view.Read();
        Assert.Empty(view.Lines());

        Train();
        Assert.Empty(view.Lines());
        view.Read();
        Assert.Equal(["  loss            ▁█▅  first 0.250, last 0.500, lowest 0.250, highest 0.750", "  video_accuracy  ▁█  first 0.500, last 1.00, lowest 0.500, highest 1.00"], view.Lines());

        Samples("step-000000", DateTime.UtcNow.AddMinutes(-1));
        string newest = Samples("step-000002", DateTime.UtcNow);

        // A look that has no clip yet.
        Directory.CreateDirectory(Path.Combine(_run, "watch", "key", "step-000004"));
        Assert.Equal($"  newest samples  {newest}", view.Lines()[^1]);

        view.Begin("judged", null);
        Assert.Empty(view.Lines());
    }

    [Fact]
    public void ATerminalShowsThemBelowTheBars()
    {
        using StringWriter written = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, Out = new AnsiConsoleOutput(written) });
        console.Profile.Width = 60;
        int given = RunDisplay.Show(console, progress =>
        {
            progress.StageStarted("tuned", Stage, 20);
            Train();
            Thread.Sleep(150);
            progress.StageAdvanced("tuned", 0.5, 10);
            RunDisplay.Say("what a person should read");
            progress.StageFinished(new StageResult("tuned", "key", Stage, "hash", 1, WasRead: false));
            return 7;
        });
        Assert.Equal(7, given);
        string text = written.ToString();
        Assert.Contains("loss            ▁█▅  first 0.250, last", text, StringComparison.Ordinal);
        Assert.True(text.LastIndexOf("tuned", StringComparison.Ordinal) < text.LastIndexOf("loss", StringComparison.Ordinal));

        // What is said stays above what is drawn again.
        Assert.True(text.IndexOf("what a person should read", StringComparison.Ordinal) < text.LastIndexOf("tuned", StringComparison.Ordinal));

        // Longer lines would wrap, and the bars would jump.
        Assert.DoesNotContain("highest 0.750", text, StringComparison.Ordinal);
    }

    [Fact]
    public void StagesBesideEachOtherHaveABarEach()
    {
        using StringWriter written = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, Out = new AnsiConsoleOutput(written) });
        RunDisplay.Show(console, progress =>
        {
            progress.StageStarted("long", null, 20);
            progress.StageStarted("short", null, 20);
            Thread.Sleep(150);
            progress.StageAdvanced("long", 0.25, 10);
            progress.StageFinished(new StageResult("short", "key", Stage, "hash", 1, WasRead: false));
            return 0;
        });
        string last = written.ToString()[written.ToString().LastIndexOf("long", StringComparison.Ordinal)..];
        Assert.Matches("(?s)^long.*?25%.*?short.*?100%", last);
    }

    private void Train()
    {
        Directory.CreateDirectory(Stage);
        File.WriteAllText(
            Path.Combine(Stage, "metrics.jsonl"),
            """
            {"step":0,"loss":0.25,"video_accuracy":0.5,"patch_accuracy":null}
            {"step":1,"loss":0.75,"video_accuracy":null,"patch_accuracy":null}
            {"step":2,"loss":0.5,"video_accuracy":1,"patch_accuracy":null}

            """);
    }

    private string Samples(string step, DateTime written)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_run, "watch", "key", step)).FullName;
        File.WriteAllText(Path.Combine(folder, "clip-000.png"), "");
        Directory.SetLastWriteTimeUtc(folder, written);
        return folder;
    }
}
