using System.Globalization;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using CsvHelper;
using HaloLab.Checkpoints;
using HaloLab.Evaluation.Scorers;
using HaloLab.Tests.Evaluation.Scorers;
using HaloLab.Tests.ToyWorld;
using HaloLab.Tests.Videos;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>evaluate</c> as a user runs it.</summary>
public sealed class EvaluateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-evaluate").FullName;

    private string Output => Path.Combine(_folder, "out");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ModelsAreComparedPromptByPrompt()
    {
        Ffmpeg.Require();
        string clean = Clips("clean", 8, damaged: false);
        string damaged = Clips("damaged", 8, damaged: true);
        File.WriteAllText(Path.Combine(damaged, "a broken clip-0.png"), "no picture");
        string[] arguments = ["evaluate", "--a", clean, "--b", "worse=" + damaged, "--metrics", "flickering,appearance", "--controls", "8", "--out", Output];
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("worse, a broken clip-0.png, flickering: ", result.StandardError, StringComparison.Ordinal);

        // Neither reads prompts, and neither is expected to.
        Assert.DoesNotContain("no score tells", result.StandardError, StringComparison.Ordinal);

        JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "comparison.json"), Cancellation))!;
        Assert.Equal(["clean", "worse"], json["models"]!.AsArray().Select(model => model!["name"]!.GetValue<string>()));
        JsonNode[] differences = [.. json["differences"]!.AsArray().Select(row => row!)];
        Assert.Equal(5, differences.Length);
        JsonNode flickering = differences[0];
        Assert.Equal(("flickering temporal flickering", 8), (flickering["score"]!.GetValue<string>(), flickering["prompts"]!.GetValue<int>()));

        // The numbers are those of the clips themselves.
        double Mean(string folder) => Directory.GetFiles(folder, "*-0.png").Where(path => !path.Contains("broken", StringComparison.Ordinal)).Average(path =>
        {
            VideoClip clip = VideoFile.ReadAsync(path, Cancellation).GetAwaiter().GetResult();
            using FlickeringScorer scorer = new();
            return scorer.Score(clip, "")[0];
        });
        Assert.Equal(Mean(damaged) - Mean(clean), flickering["difference"]!["estimate"]!.GetValue<double>(), 1e-9);
        Assert.True(flickering["pHolm"]!.GetValue<double>() >= flickering["p"]!.GetValue<double>());

        // What eight prompts could have shown, and what they do: the verdict is that of interval and corrected test.
        Assert.True(flickering["detectable"]!.GetValue<double>() > 0);
        Assert.All(differences, row => Assert.Equal(
            row["pHolm"]!.GetValue<double>() > 0.05 ? "notShown" : row["difference"]!["low"]!.GetValue<double>() > 0 ? "shown" : row["difference"]!["high"]!.GetValue<double>() < 0 ? "contradicted" : "notShown",
            row["higher"]!.GetValue<string>()));
        Assert.Equal("contradicted", flickering["higher"]!.GetValue<string>());

        using (StreamReader text = new(Path.Combine(Output, "comparison.csv")))
        using (CsvReader table = new(text, CultureInfo.InvariantCulture))
        {
            IDictionary<string, object>[] rows = [.. table.GetRecords<dynamic>().Select(row => (IDictionary<string, object>)row)];
            Assert.Equal(differences.Select(row => row["difference"]!["estimate"]!.GetValue<double>()), rows.Select(row => double.Parse((string)row["difference"], CultureInfo.InvariantCulture)));
        }

        string page = await File.ReadAllTextAsync(Path.Combine(Output, "comparison.html"), Cancellation);
        Assert.Contains("Where they differ most", page, StringComparison.Ordinal);
        Assert.Contains("Win rate against clean", page, StringComparison.Ordinal);

        // Again: every score is read from the cache, to the same bytes.
        string before = await File.ReadAllTextAsync(Path.Combine(Output, "comparison.json"), Cancellation);
        Assert.True((await HaloLabProgram.Run(arguments)).IsSuccess);
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(Output, "comparison.json"), Cancellation));
    }

    [Fact]
    public async Task ClipsAreHeldAgainstAReference()
    {
        Ffmpeg.Require();
        string clean = Clips("clean", 8, damaged: false);
        string damaged = Clips("damaged", 8, damaged: true);
        string dino = TinyDino.Write(Path.Combine(_folder, "dino"));
        string unpaired = Path.Combine(damaged, "a stranger-0.png");
        File.Copy(Directory.GetFiles(damaged)[0], unpaired);
        string[] arguments = ["evaluate", "--a", clean, "--b", damaged, "--distances", $"dino:{dino},psnr,ssim", "--out", Output];
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("damaged, a stranger-0.png, psnr: ", result.StandardError, StringComparison.Ordinal);
        JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "comparison.json"), Cancellation))!;
        Assert.Equal("clean", json["reference"]!.GetValue<string>());
        JsonNode[] distances = [.. json["distances"]!.AsArray().Select(row => row!)];
        Assert.Equal(["dino-features kernel distance", "dino-features Fréchet distance", "psnr", "ssim"], distances.Select(row => row["score"]!.GetValue<string>()));
        Assert.Equal((9, 8), (distances[0]["clips"]!.GetValue<int>(), distances[0]["referenceClips"]!.GetValue<int>()));
        Assert.Contains("features of width 16 need at least 32 clips", distances[1]["reason"]!.GetValue<string>(), StringComparison.Ordinal);

        // The mean over the eight pairs, from the pixels.
        double expected = Directory.GetFiles(clean).Average(path =>
        {
            VideoClip a = VideoFile.ReadAsync(path, Cancellation).GetAwaiter().GetResult();
            VideoClip b = VideoFile.ReadAsync(Path.Combine(damaged, Path.GetFileName(path)), Cancellation).GetAwaiter().GetResult();
            return 10 * Math.Log10(255 * 255 / a.Pixels.ToArray().Zip(b.Pixels.ToArray(), (x, y) => Math.Pow(x - y, 2)).Average());
        });
        Assert.Equal(expected, distances[2]["value"]!["estimate"]!.GetValue<double>(), 1e-9);
        Assert.InRange(distances[3]["value"]!["estimate"]!.GetValue<double>(), 0.3, 0.999);
        Assert.Equal(5, (await File.ReadAllLinesAsync(Path.Combine(Output, "distances.csv"), Cancellation)).Length);
        Assert.Contains("Distances to clean", await File.ReadAllTextAsync(Path.Combine(Output, "comparison.html"), Cancellation), StringComparison.Ordinal);

        // Clips without prompts in their names serve as a reference of features; both models stand against it, and pairs are there none.
        string real = Directory.CreateDirectory(Path.Combine(_folder, "real")).FullName;
        foreach ((string path, int i) in Directory.GetFiles(clean).Order(StringComparer.Ordinal).Select((path, i) => (path, i)))
        {
            File.Copy(path, Path.Combine(real, $"video{i}.png"));
        }

        File.Delete(unpaired);
        result = await HaloLabProgram.Run([.. arguments, "--reference", "true=" + real]);
        Assert.True(result.IsSuccess, result.StandardError);
        json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "comparison.json"), Cancellation))!;
        distances = [.. json["distances"]!.AsArray().Select(row => row!)];
        Assert.Equal(["clean", "clean", "damaged", "damaged", "clean", "damaged", "clean", "damaged"], distances.Select(row => row["model"]!.GetValue<string>()));
        Assert.NotNull(distances[2]["change"]);
        Assert.Equal("no clip has a partner that it can be compared with", distances[4]["reason"]!.GetValue<string>());

        await HaloLabProgram.Refuses("--reference is given and nothing is measured", Output + "-2", "evaluate", "--a", clean, "--b", damaged, "--metrics", "flickering", "--reference", real);
        await HaloLabProgram.Refuses("'dino': expected KIND:FOLDER", Output + "-2", "evaluate", "--a", clean, "--b", damaged, "--distances", "dino");
    }

    [Fact]
    public async Task VBenchsDimensionsAreMeasuredImportedOrMissing()
    {
        Ffmpeg.Require();
        string clips = Clips("clean", 2, damaged: false);
        string elsewhere = Path.Combine(_folder, "elsewhere.json");
        await File.WriteAllTextAsync(elsewhere, """{"imaging_quality": [0.7, [{"video_path": "x.mp4", "video_results": 70.0}]]}""", Cancellation);
        BufferedCommandResult result = await HaloLabProgram.Run("evaluate", "vbench", clips, "--metrics", "flickering", "--import", elsewhere, "--out", Output);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("imported from elsewhere.json", result.StandardOutput, StringComparison.Ordinal);
        JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "vbench.json"), Cancellation))!;
        Assert.Equal(["temporal_flickering", "imaging_quality"], json.AsObject().Select(item => item.Key));
        double[] values = [.. json["temporal_flickering"]![1]!.AsArray().Select(video => video!["video_results"]!.GetValue<double>())];
        Assert.Equal(2, values.Length);
        Assert.Equal(values.Average(), json["temporal_flickering"]![0]!.GetValue<double>(), 1e-12);
        Assert.Contains("never 0", await File.ReadAllTextAsync(Path.Combine(Output, "vbench.html"), Cancellation), StringComparison.Ordinal);

        // Flow beside one of the two clips: the other is missing there, with a reason; nothing is missing that is not asked for.
        string first = Directory.GetFiles(clips).Order(StringComparer.Ordinal).First();
        VideoClip clip = await VideoFile.ReadAsync(first, Cancellation);
        using (var scope = TorchSharp.torch.NewDisposeScope())
        {
            Safetensors.Save(Path.ChangeExtension(first, ".flow.safetensors"), new Dictionary<string, TorchSharp.torch.Tensor> { ["flow"] = TorchSharp.torch.full([clip.Frames - 1, 2, clip.Height, clip.Width], 3f) });
        }

        result = await HaloLabProgram.Run("evaluate", "vbench", clips, "--metrics", "dynamics,smoothness", "--out", Output + "-motion");
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("dynamics, 1 of 2 videos, from the optical flow beside them", result.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("missing: none of 2 videos could be scored", result.StandardOutput, StringComparison.Ordinal);
        Assert.Contains(".flow.safetensors: not found", result.StandardError, StringComparison.Ordinal);
        json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output + "-motion", "vbench.json"), Cancellation))!;
        Assert.Equal(1.0, json["dynamic_degree"]![0]!.GetValue<double>());

        await HaloLabProgram.Refuses("Nothing is measured", Output + "-2", "evaluate", "vbench", clips);
        await HaloLabProgram.Refuses("appearance measures no dimension", Output + "-2", "evaluate", "vbench", clips, "--metrics", "appearance");
    }

    [Fact]
    public async Task WhatIsMissingIsNamed()
    {
        string clean = Clips("clean", 1, damaged: false);
        string other = Directory.CreateDirectory(Path.Combine(_folder, "unnamed")).FullName;
        string broken = Directory.CreateDirectory(Path.Combine(_folder, "broken")).FullName;
        File.WriteAllText(Path.Combine(broken, "a cat-0.mp4"), "no video");
        BufferedCommandResult nothing = await HaloLabProgram.Run("evaluate", "--a", "x=" + broken, "--b", "y=" + broken, "--metrics", "flickering", "--out", Output + "-nothing");
        Assert.Equal(2, nothing.ExitCode);
        Assert.Contains("No clip could be scored.", nothing.StandardError, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(other, "video.png"), "");
        await HaloLabProgram.Refuses("--metrics is missing", Output, "evaluate", "--a", clean, "--b", clean);
        await HaloLabProgram.Refuses("at least two", Output, "evaluate", "--a", clean, "--metrics", "flickering");
        await HaloLabProgram.Refuses("'beauty': expected KIND:FOLDER", Output, "evaluate", "--a", clean, "--b", clean, "--metrics", "beauty");
        await HaloLabProgram.Refuses("--trained dino: expected one of the metrics, flickering", Output, "evaluate", "--a", clean, "--b", clean, "--metrics", "flickering", "--trained", "dino");
        await HaloLabProgram.Refuses("'flickering:x': expected KIND:FOLDER", Output, "evaluate", "--a", clean, "--b", clean, "--metrics", "flickering:x");
        await HaloLabProgram.Refuses("no such folder", Output, "evaluate", "--a", clean, "--b", "nowhere", "--metrics", "flickering");
        await HaloLabProgram.Refuses("PROMPT-NUMBER", Output, "evaluate", "--a", clean, "--b", other, "--metrics", "flickering");
    }

    /// <summary>Clips in VBench's names.</summary>
    private string Clips(string name, int count, bool damaged)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        ToyCaption[] captions = [.. ToyClips.Captions(4 * count).DistinctBy(caption => caption.ToString()).Take(count)];
        Assert.Equal(count, captions.Length);
        for (int i = 0; i < count; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"{captions[i]}-0.png"), Apng.Encode(damaged ? ToyClips.Damaged(captions[i], i).Clip : ToyClips.Clean(captions[i], i)));
        }

        return folder;
    }
}
