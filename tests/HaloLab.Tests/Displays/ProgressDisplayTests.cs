using System.Text.RegularExpressions;
using HaloLab.Displays;
using HaloLab.Experiments;

namespace HaloLab.Tests.Displays;

public sealed class ProgressDisplayTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-progress-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TrainingTellsItsListenersAtMostTwiceASecond()
    {
        TrainingCurves curves = new("arm", 2000);
        int told = 0;
        curves.Changed += () => told++;
        Assert.Equal("arm: not begun", curves.ToText());
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        for (int step = 1; step < 2000; step++)
        {
            curves.Report(step, ("loss", 1.0 / step), ("accuracy", step % 2 == 0 ? null : 0.5));
        }

        Assert.InRange(told, 1, 1 + (int)(watch.Elapsed.TotalSeconds / 0.5));
        Assert.Matches(@"^arm: 1,999 of 2,000 steps, \S+ steps per second, about \d+ s left$", curves.ToText().Split(Environment.NewLine)[0]);
        int before = told;
        curves.Report(2000, ("loss", 0.1));
        Assert.Equal(before + 1, told);
        string[] lines = curves.ToText().Split(Environment.NewLine);
        Assert.Equal("arm: 2,000 steps", lines[0]);
        Assert.Matches(@"2,000 of 2,000 steps in \d+ s, \S+ steps per second<", curves.ToHtml().Markup);
        Assert.Contains("first 1.00, last 0.100, lowest 0.00050, highest 1.00", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("  accuracy", lines[2], StringComparison.Ordinal);
        Assert.Equal(2, Regex.Count(curves.ToHtml().Markup, "<figure"));
    }

    [Fact]
    public void TrainingThatGoesOnIsNotTakenForFast()
    {
        // 900 of 1,000 steps were made before: of the rest nothing is done in the first report's step alone.
        TrainingCurves curves = new("arm", 1000);
        curves.Report(901);
        Thread.Sleep(300);
        curves.Report(902);
        double left = double.Parse(Regex.Match(curves.ToText(), @"about (\d+) s left").Groups[1].Value);
        Assert.InRange(left, 13, 60);
    }

    [Fact]
    public void MetricsAreReadAsTheTrainerWritesThem()
    {
        string file = Path.Combine(_folder, "metrics.jsonl");
        TrainingCurves curves = new("arm", 4);
        curves.Follow(file, "loss", "accuracy");
        curves.Report(1);
        File.WriteAllText(file, "{\"step\":0,\"loss\":0.7,\"accuracy\":null,\"other\":5}\n{\"step\":1,\"lo");
        curves.Report(4);
        Assert.Contains("loss  ▁  first 0.700", curves.ToText(), StringComparison.Ordinal);
        File.AppendAllText(file, "ss\":0.5,\"accuracy\":1}\n");
        curves.Report(4);
        string[] lines = curves.ToText().Split(Environment.NewLine);
        Assert.Equal("  loss  █▁  first 0.700, last 0.500, lowest 0.500, highest 0.700", lines[1]);
        Assert.StartsWith("  accuracy  ▁  first 1.00", lines[2], StringComparison.Ordinal);
        Assert.Equal(3, lines.Length);

        // Back to the checkpoint: what was written after it is written again.
        File.WriteAllText(file, "{\"step\":0,\"loss\":0.9}\n");
        curves.Report(4);
        Assert.Contains("loss  ▁  first 0.900, last 0.900", curves.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void FinishedTrainingIsShownFromItsFile()
    {
        string file = Path.Combine(_folder, "metrics.jsonl");
        File.WriteAllText(file, "{\"step\":0,\"loss\":0.7}\n{\"step\":1,\"loss\":0.6}\n");
        Assert.StartsWith($"arm: 2 steps{Environment.NewLine}  loss  █▁", TrainingCurves.Read("arm", file).ToText(), StringComparison.Ordinal);
        Assert.Contains("holds no metrics named accuracy", Assert.Throws<InputException>(() => TrainingCurves.Read("arm", file, "accuracy")).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<InputException>(() => TrainingCurves.Read("arm", file + "x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StagesThatComputeAreShownWithTheirCurvesAndThoseFoundAreNot()
    {
        List<object> shown = [];
        int updates = 0;
        StageProgress progress = new(value =>
        {
            shown.Add(value);
            return changed =>
            {
                Assert.Same(shown[^1], changed);
                updates++;
            };
        });
        progress.StageFinished(new StageResult("prompts", "k", "f", "o", 1, WasRead: true));
        Assert.Empty(shown);
        progress.StageStarted("reward-model", _folder, 90);
        StageDisplay stage = Assert.IsType<StageDisplay>(Assert.Single(shown));
        Assert.Equal("reward-model: 0 %, all in about 1 min 30 s", stage.ToText());

        string file = Path.Combine(_folder, "metrics.jsonl");
        File.WriteAllText(file, "{\"step\":0,\"loss\":0.7,\"a\":1,\"b\":1,\"c\":1}\n");
        progress.StageAdvanced("reward-model", 0.25, 65);
        Assert.Equal(["reward-model: 25 %, all in about 1 min 05 s", "  loss  ▁  first 0.700, last 0.700, lowest 0.700, highest 0.700"], stage.ToText().Split(Environment.NewLine)[..2]);
        Assert.Equal(3, Regex.Count(stage.ToHtml().Markup, "<figure"));
        int before = updates;
        for (int i = 0; i < 1000; i++)
        {
            progress.StageAdvanced("reward-model", 1, 40);
        }

        Assert.InRange(updates - before, 0, 2);
        Assert.DoesNotContain("computed", stage.ToText(), StringComparison.Ordinal);
        File.AppendAllText(file, "{\"step\":1,\"loss\":0.5}\n");
        progress.StageFinished(new StageResult("reward-model", "k", "f", "o", 80, WasRead: false));
        Assert.StartsWith($"reward-model: computed{Environment.NewLine}  loss  █▁", stage.ToText(), StringComparison.Ordinal);
        Assert.Contains("computed in 1 min 20 s", stage.ToHtml().Markup, StringComparison.Ordinal);
        progress.StageStarted("pairs", null, 10);
        Assert.Equal(2, shown.Count);
        Assert.DoesNotContain("<figure", ((StageDisplay)shown[1]).ToHtml().Markup, StringComparison.Ordinal);
    }
}
