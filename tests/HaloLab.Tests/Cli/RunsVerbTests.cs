using System.Text;
using CliWrap.Buffered;
using HaloLab.Experiments;

namespace HaloLab.Tests.Cli;

/// <summary><c>runs</c> on folders as verbs leave them.</summary>
public sealed class RunsVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-runs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task RunsAreListedShownComparedAndExported()
    {
        Write("first", learningRate: 1e-4, isFinished: true, [0.7, 0.5, 0.25]);
        Write("second", learningRate: 2e-4, isFinished: false, [0.75, 0.5]);
        File.AppendAllText(Path.Combine(_folder, "second", "stages", "tuned-second.partial", "metrics.jsonl"), "{\"step\":2,\"lo");

        BufferedCommandResult result = await HaloLabProgram.Run("runs", "list", _folder);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("finished", Line(result, "first"), StringComparison.Ordinal);
        Assert.Contains("stopped in tuned", Line(result, "second"), StringComparison.Ordinal);

        result = await HaloLabProgram.Run("runs", "show", Path.Combine(_folder, "first"));
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("settings.learningRate: 0.0001", result.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("tuned: 3 steps; last accuracy 1, loss 0.25", result.StandardOutput, StringComparison.Ordinal);

        string page = Path.Combine(_folder, "compare.html");
        result = await HaloLabProgram.Run("runs", "compare", Path.Combine(_folder, "first"), Path.Combine(_folder, "second"), "--training", "tuned", "--out", page);
        Assert.True(result.IsSuccess, result.StandardError);
        string[] cells = Line(result, "settings.learningRate").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["settings.learningRate", "0.0001", "0.0002"], cells);
        Assert.DoesNotContain("settings.steps", result.StandardOutput, StringComparison.Ordinal);
        string markup = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        Assert.Contains("first tuned", markup, StringComparison.Ordinal);
        Assert.Contains("second tuned", markup, StringComparison.Ordinal);

        string export = Path.Combine(_folder, "export");
        result = await HaloLabProgram.Run("runs", "export", Path.Combine(_folder, "first"), "--out", export);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(["step,accuracy,loss", "0,1,0.7", "1,1,0.5", "2,1,0.25"], await File.ReadAllLinesAsync(Path.Combine(export, "tuned.csv"), TestContext.Current.CancellationToken));
        Assert.Equal([("accuracy", 0, 1f), ("accuracy", 1, 1f), ("accuracy", 2, 1f), ("loss", 0, 0.7f), ("loss", 1, 0.5f), ("loss", 2, 0.25f)], Scalars(Assert.Single(Directory.GetFiles(Path.Combine(export, "tensorboard", "tuned")))));
    }

    [Theory]
    [InlineData("does not exist", "show", "nowhere")]
    [InlineData("no run's folder", "show", ".")]
    [InlineData("--training nothing", "compare", "run", "--training", "nothing")]
    [InlineData("line 1", "show", "broken")]
    [InlineData("nothing was trained", "export", "empty", "--out", "there")]
    public async Task WhatIsNotARunIsNamed(string expected, string verb, string folder, params string[] options)
    {
        Write("run", 1e-4, isFinished: true, [1]);
        Write("broken", 1e-4, isFinished: true, [1]);
        File.WriteAllText(Path.Combine(_folder, "broken", "stages", "tuned-broken", "metrics.jsonl"), "no metrics\n");
        Directory.CreateDirectory(Path.Combine(_folder, "empty", "stages"));
        BufferedCommandResult result = await HaloLabProgram.Run(["runs", verb, Path.Combine(_folder, folder), .. options.Select(option => option == "there" ? Path.Combine(_folder, option) : option)]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.StandardError, StringComparison.Ordinal);
    }

    private static string Line(BufferedCommandResult result, string name) => Assert.Single(result.StandardOutput.Split('\n'), line => line.Contains(name, StringComparison.Ordinal));

    /// <summary>A TFRecord is a length, its checksum, the event and its checksum.</summary>
    private static List<(string Tag, int Step, float Value)> Scalars(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        List<(string, int, float)> scalars = [];
        for (int at = 0; at < bytes.Length;)
        {
            int length = (int)BitConverter.ToInt64(bytes, at);
            Tensorboard.Event read = Tensorboard.Event.Parser.ParseFrom(bytes, at + 12, length);
            scalars.AddRange(read.Summary?.Value.Select(value => (value.Tag, (int)read.Step, value.SimpleValue)) ?? []);
            at += 12 + length + 4;
        }

        return scalars;
    }

    private void Write(string name, double learningRate, bool isFinished, double[] losses)
    {
        string run = Path.Combine(_folder, name);
        string stage = Directory.CreateDirectory(Path.Combine(run, "stages", $"tuned-{name}{(isFinished ? "" : ".partial")}")).FullName;
        StringBuilder lines = new();
        for (int i = 0; i < losses.Length; i++)
        {
            lines.Append(FormattableString.Invariant($"{{\"step\":{i},\"loss\":{losses[i]},\"accuracy\":1}}\n"));
        }

        File.WriteAllText(Path.Combine(stage, "metrics.jsonl"), lines.ToString());
        JsonFile.Write(Path.Combine(run, "manifest.json"), RunManifest.Of("train", new { learningRate, steps = 3 }, [1], new SortedDictionary<string, string>(), run, [new StageResult("tuned", name, stage, "hash", 1.5, WasRead: false)]));
    }
}
