using System.Globalization;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using CsvHelper;
using HaloLab.Evaluation.Scorers;
using HaloLab.Tests.ToyWorld;
using HaloLab.Tests.Videos;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.Cli;

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
