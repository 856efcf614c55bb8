using System.Numerics;
using System.Text;
using CliWrap.Buffered;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Tests.Videos;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.EndToEnd.Tests;

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

        // What the trainer writes first comes first.
        Assert.True(markup.IndexOf(">loss<", StringComparison.Ordinal) < markup.IndexOf(">accuracy<", StringComparison.Ordinal));

        string export = Path.Combine(_folder, "export");
        result = await HaloLabProgram.Run("runs", "export", Path.Combine(_folder, "first"), "--out", export);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(["step,accuracy,loss", "0,1,0.7", "1,1,0.5", "2,1,0.25"], await File.ReadAllLinesAsync(Path.Combine(export, "tuned.csv"), TestContext.Current.CancellationToken));
        Assert.Equal([("accuracy", 0, 1f), ("accuracy", 1, 1f), ("accuracy", 2, 1f), ("loss", 0, 0.7f), ("loss", 1, 0.5f), ("loss", 2, 0.25f)], Scalars(Assert.Single(Directory.GetFiles(Path.Combine(export, "tensorboard", "tuned")))));
    }

    [Fact]
    public async Task ClipsOfRunsAreShownSideBySideAndHandedToTensorBoard()
    {
        Ffmpeg.Require();
        VideoClip untuned = Clip(10);
        VideoClip tuned = Clip(90);
        Write("first", 1e-4, isFinished: true, [0.7, 0.5, 0.25]);
        Write("second", 2e-4, isFinished: true, [0.75, 0.5]);
        Watch("first", ["a red circle", "a blue square"], (0, untuned), (2, Clip(50)), (3, tuned));
        Watch("second", ["a red circle", "a blue square"], (0, untuned), (2, Clip(170)));
        Samples("second", "samples-halo-s1-0123456789ab", (Clip(200), "a blue square"), (Clip(210), "a blue square"), (Clip(220), "a green square"));

        // Two variants of an ablation.
        Samples("first", "samples-halo-s1-0123456789ab", (Clip(100), "a green square"));
        Samples("first", "samples-halo-s1-ba9876543210", (Clip(110), "a green square"));

        // A clip that somebody deleted is left out.
        File.Delete(Path.Combine(_folder, "second", "watch", "key", "step-000002", "clip-001.png"));

        string page = Path.Combine(_folder, "compare.html");
        BufferedCommandResult result = await HaloLabProgram.Run("runs", "compare", Path.Combine(_folder, "first"), Path.Combine(_folder, "second"), "--out", page);
        Assert.True(result.IsSuccess, result.StandardError);
        string markup = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        string[] rows = [.. markup.Split("<h3>").Skip(1)];
        Assert.Equal(["a red circle", "a blue square", "a green square"], rows.Select(row => row[..row.IndexOf('<', StringComparison.Ordinal)]));
        Assert.Equal(["first, second: step 0", "first: step 3", "second: step 2"], Titles(rows[0]));
        Assert.Equal(["first, second: step 0", "first: step 3", "second: halo-s1"], Titles(rows[1]));
        Assert.Equal(["first: halo-s1-0123456789ab", "first: halo-s1-ba9876543210", "second: halo-s1"], Titles(rows[2]));

        string export = Path.Combine(_folder, "export");
        result = await HaloLabProgram.Run("runs", "export", Path.Combine(_folder, "first"), "--out", export);
        Assert.True(result.IsSuccess, result.StandardError);
        List<(int Step, Tensorboard.Summary.Types.Value Value)> images = Values(Assert.Single(Directory.GetFiles(Path.Combine(export, "tensorboard", "watch"))));
        Assert.Equal(
            [("a red circle", 0), ("a blue square", 0), ("a red circle", 2), ("a blue square", 2), ("a red circle", 3), ("a blue square", 3)],
            images.Select(item => (item.Value.Tag, item.Step)));
        Assert.All(images, item => Assert.Equal((6, 8, 3), (item.Value.Image.Height, item.Value.Image.Width, item.Value.Image.Colorspace)));
        string written = Path.Combine(_folder, "written.png");
        await File.WriteAllBytesAsync(written, images[4].Value.Image.EncodedImageString.ToByteArray(), TestContext.Current.CancellationToken);
        VideoClip read = await VideoFile.ReadAsync(written, TestContext.Current.CancellationToken);
        Assert.Equal([.. tuned.Pixels.ToArray()[..^1], (byte)0], read.Pixels.ToArray());

        static string[] Titles(string row) => [.. row.Split("<p class=\"halo-title\"").Skip(1).Select(part => part[(part.IndexOf('>', StringComparison.Ordinal) + 1)..part.IndexOf('<', StringComparison.Ordinal)])];
    }

    /// <summary>CRC-32C's check value, masked as TFRecord's format says.</summary>
    [Fact]
    public void ChecksumsOfRecordsAreThoseOfTheFormat() => Assert.Equal(BitOperations.RotateRight(0xe3069283, 15) + 0xa282ead8, TfRecord.Checksum("123456789"u8));

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

    private static List<(string Tag, int Step, float Value)> Scalars(string path) => [.. Values(path).Select(item => (item.Value.Tag, item.Step, item.Value.SimpleValue))];

    /// <summary>A TFRecord is a length, its checksum, the event and its checksum.</summary>
    private static List<(int Step, Tensorboard.Summary.Types.Value Value)> Values(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        List<(int, Tensorboard.Summary.Types.Value)> values = [];
        for (int at = 0; at < bytes.Length;)
        {
            int length = (int)BitConverter.ToInt64(bytes, at);
            Assert.Equal(TfRecord.Checksum(bytes.AsSpan(at, 8)), BitConverter.ToUInt32(bytes, at + 8));
            Assert.Equal(TfRecord.Checksum(bytes.AsSpan(at + 12, length)), BitConverter.ToUInt32(bytes, at + 12 + length));
            Tensorboard.Event read = Tensorboard.Event.Parser.ParseFrom(bytes, at + 12, length);
            values.AddRange(read.Summary?.Value.Select(value => ((int)read.Step, value)) ?? []);
            at += 12 + length + 4;
        }

        return values;
    }

    /// <summary>Two frames of 6x8 that a number sets apart.</summary>
    private static VideoClip Clip(int first) => new([.. Enumerable.Range(0, 2 * 6 * 8 * 3).Select(i => (byte)(first + (i % 40)))], 2, 6, 8, 8);

    /// <summary>A stage's samples.</summary>
    private void Samples(string run, string stage, params (VideoClip Clip, string Prompt)[] samples)
    {
        using ClipBundle bundle = new([.. samples.Select(sample => sample.Clip)], [.. samples.Select(sample => sample.Prompt)], [.. samples.Select((_, i) => $"{i}")], zeros([samples.Length, 1, 1, 1, 1]));
        bundle.Save(Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, run, "stages", stage)).FullName, "clips-0000.safetensors"));
    }

    /// <summary>Looks at a training: the clip of each step for every prompt, each with another last pixel.</summary>
    private void Watch(string run, string[] prompts, params (int Step, VideoClip Clip)[] looks)
    {
        string folder = Path.Combine(_folder, run, "watch", "key");
        JsonFile.Write(Path.Combine(folder, "prompts.json"), prompts);
        foreach ((int step, VideoClip clip) in looks)
        {
            for (int i = 0; i < prompts.Length; i++)
            {
                byte[] pixels = [.. clip.Pixels.ToArray()[..^1], (byte)i];
                AtomicFile.Write(Path.Combine(folder, $"step-{step:000000}", $"clip-{i:000}.png"), stream => stream.Write(Apng.Encode(new VideoClip(pixels, 2, 6, 8, 8))));
            }
        }
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
