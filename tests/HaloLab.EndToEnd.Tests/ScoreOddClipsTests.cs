using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using CsvHelper;
using HaloLab.Tests.Rewards;
using HaloLab.Tests.Videos;
using HaloLab.Videos;
using Parquet;
using Parquet.Schema;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>score --with</c> over many clips of which twenty are broken or odd, each in a way of its own: all are named, and no other is lost.</summary>
public sealed class ScoreOddClipsTests : IDisposable
{
    private const string Prompt = "Snow falls.";

    private static readonly string[] Dimensions = ["VQ", "MQ", "TA", "Overall"];

    /// <summary>What is said of clips that have no scores.</summary>
    private static readonly Dictionary<string, string> Reasons = new()
    {
        ["cut-at-start.mp4"] = "is not a video that ffmpeg can read whole",
        ["cut-index.mp4"] = "is not a video that ffmpeg can read whole",
        ["cut-frames.mp4"] = "is not a video that ffmpeg can read whole",
        ["cut.webm"] = "is not a video that ffmpeg can read whole",
        ["cut.gif"] = "(the file ends in the middle)",
        ["cut.png"] = "(the file ends in the middle)",
        ["bytes.webm"] = "is not a video that ffmpeg can read whole",
        ["text.mp4"] = "is not a video that ffmpeg can read whole",
        ["text.png"] = "is not a video that ffmpeg can read whole",
        ["empty.mp4"] = "is empty, 0 bytes",
        ["no-track.mp4"] = "holds no video stream",
        ["no-frames.mp4"] = "holds no frames",
        ["sound.mp4"] = "holds no video stream",
        ["pixel.mp4"] = "1x1 pixels are too few",
        ["pixel.png"] = "1x1 pixels are too few",
        ["pq.mp4"] = "transfer function smpte2084, PQ",
        ["hlg.mp4"] = "transfer function arib-std-b67, HLG",
        ["long.mp4"] = "A video of 10000 frames is too long for Qwen2-VL",
    };

    /// <summary>What is said of clips that have scores all the same.</summary>
    private static readonly Dictionary<string, string> Remarks = new()
    {
        ["variable.mp4"] = "The file's frame rate varies: its frames stand 100 to 600 ms apart; all are read, evenly at the file's average of 7.5 a second.",
        ["turned.mp4"] = "The file stores its pictures turned by 90 degrees; they are read upright, 48x64 pixels.",
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-odd").FullName;

    private string Clips => Path.Combine(_folder, "clips");

    private string Output => Path.Combine(_folder, "out");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task TwentyOddOnesOfFortyClipsAreNamed() => ScoreWithOddOnes(20);

    [Fact]
    [Trait("Category", "Long")]
    public Task TwentyOddOnesOfFiveHundredClipsAreNamed() => ScoreWithOddOnes(480);

    private async Task ScoreWithOddOnes(int whole)
    {
        Ffmpeg.Require();
        Directory.CreateDirectory(Clips);
        await WriteWhole(whole);
        await WriteOdd();
        int all = whole + Reasons.Count + Remarks.Count;
        Assert.Equal(20, Reasons.Count + Remarks.Count);
        Assert.Equal(all, Directory.GetFiles(Clips).Length);

        string[] arguments = ["score", Clips, "--prompt", Prompt, "--with", "videoreward:" + TinyScorers.WithShortWording(TinyScorers.VideoReward(_folder)), "--controls", "0", "--threads", "1", "--out", Output];
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains($"{whole + Remarks.Count} of {all} clips have all scores.", result.StandardOutput, StringComparison.Ordinal);
        string[] said = [.. result.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => Directory.GetFiles(Clips).Any(clip => line.StartsWith(Path.GetFileName(clip), StringComparison.Ordinal)))];
        Assert.Equal(20, said.Length);
        Assert.All(Reasons, item => Assert.Contains(item.Value, Assert.Single(said, line => line.StartsWith(item.Key + ", videoreward: ", StringComparison.Ordinal)), StringComparison.Ordinal));
        Assert.All(Remarks, item => Assert.Contains($"{item.Key}: {item.Value}", said));

        string json = await File.ReadAllTextAsync(Path.Combine(Output, "scores.json"), Cancellation);
        JsonObject[] clips = [.. JsonNode.Parse(json)!["clips"]!.AsArray().Select(clip => clip!.AsObject())];
        Assert.Equal(Directory.GetFiles(Clips).Order(StringComparer.Ordinal), clips.Select(clip => clip["file"]!.GetValue<string>()));
        foreach (JsonObject clip in clips)
        {
            string name = Path.GetFileName(clip["file"]!.GetValue<string>());
            Assert.Equal(Reasons.ContainsKey(name) ? null : Dimensions.Length, clip["scores"]!["videoreward"]?.AsArray().Count);
            Assert.Contains(Reasons.GetValueOrDefault(name, ""), clip["missing"]!["videoreward"]?.GetValue<string>() ?? "", StringComparison.Ordinal);
            Assert.Equal(Remarks.GetValueOrDefault(name, ""), clip["remark"]!.GetValue<string>());
        }

        string page = await File.ReadAllTextAsync(Path.Combine(Output, "scores.html"), Cancellation);
        Assert.All((string[])["Not scored", "Remarks", .. Reasons.Keys, .. Remarks.Keys, "stand 100 to 600 ms apart"], text => Assert.Contains(text, page, StringComparison.Ordinal));

        string[][] table = ReadCsv();
        Assert.Equal(["clip", "prompt", .. Dimensions.Select(name => "videoreward " + name), "reason", "remark"], table[0]);
        Assert.Equal(clips.Select(Row), table[1..]);
        (string[] headings, string?[][] columns) = await ReadParquet();
        Assert.Equal(table[0], headings);
        Assert.All(columns, column => Assert.DoesNotContain("", column));
        Assert.Equal(table[1..], Enumerable.Range(0, clips.Length).Select(row => columns.Select(column => column[row] ?? "").ToArray()));

        // Again: scores and remarks are kept.
        string cache = Directory.GetFiles(Path.Combine(Output, "cache")).Single();
        string kept = await File.ReadAllTextAsync(cache, Cancellation);
        BufferedCommandResult again = await HaloLabProgram.Run(arguments);
        Assert.Equal(kept, await File.ReadAllTextAsync(cache, Cancellation));
        Assert.Equal(json, await File.ReadAllTextAsync(Path.Combine(Output, "scores.json"), Cancellation));
        Assert.All(said, line => Assert.Contains(line, again.StandardError, StringComparison.Ordinal));
    }

    /// <summary>A clip of scores.json as the tables have it.</summary>
    private static string[] Row(JsonObject clip) =>
    [
        clip["file"]!.GetValue<string>(), clip["prompt"]!.GetValue<string>(),
        .. clip["scores"]!["videoreward"]?.AsArray().Select(score => score!.GetValue<double>().ToString(CultureInfo.InvariantCulture)) ?? Dimensions.Select(_ => ""),
        clip["missing"]!["videoreward"]?.GetValue<string>() ?? "", clip["remark"]!.GetValue<string>(),
    ];

    private string[][] ReadCsv()
    {
        using StreamReader text = new(Path.Combine(Output, "scores.csv"));
        using CsvParser parser = new(text, CultureInfo.InvariantCulture);
        List<string[]> rows = [];
        while (parser.Read())
        {
            rows.Add(parser.Record!);
        }

        return [.. rows];
    }

    private async Task<(string[] Headings, string?[][] Columns)> ReadParquet()
    {
        await using FileStream stream = File.OpenRead(Path.Combine(Output, "scores.parquet"));
        await using ParquetReader reader = await ParquetReader.CreateAsync(stream, cancellationToken: Cancellation);
        Assert.Equal(1, reader.RowGroupCount);
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(0);
        List<string?[]> columns = [];
        foreach (DataField field in reader.Schema.DataFields)
        {
            string?[] values = new string?[rows.RowCount];
            if (field.Name.StartsWith("videoreward ", StringComparison.Ordinal))
            {
                double?[] numbers = new double?[rows.RowCount];
                await rows.ReadAsync<double>(field, numbers.AsMemory(), cancellationToken: Cancellation);
                values = Array.ConvertAll(numbers, number => number?.ToString(CultureInfo.InvariantCulture));
            }
            else
            {
                await rows.ReadAsync(field, values.AsMemory(), cancellationToken: Cancellation);
            }

            columns.Add(values);
        }

        return ([.. reader.Schema.DataFields.Select(field => field.Name)], [.. columns]);
    }

    private async Task WriteWhole(int count)
    {
        for (int i = 0; i < count; i++)
        {
            byte[] pixels = new byte[4 * 48 * 64 * 3];
            new Random(i).NextBytes(pixels);
            await VideoFile.WriteAsync(new VideoClip(pixels, 4, 48, 64, 8), Path.Combine(Clips, $"whole-{i:000}.{(i % 10 == 0 ? "mp4" : "png")}"), Cancellation);
        }

        // What a file is called does not matter to ffmpeg.
        File.Move(Path.Combine(Clips, "whole-000.mp4"), Path.Combine(Clips, "whole-000.gif"));
    }

    private async Task WriteOdd()
    {
        const string Noise = "nullsrc=size=64x48:rate=10:duration=2,geq=random(1)*255:128:128";
        await Make("first.mp4", Noise);
        await Make("index-first.mp4", Noise, "-movflags", "+faststart");
        await Make("cut.webm", Noise);
        await Make("cut.gif", Noise);
        await VideoFile.WriteAsync(new VideoClip(new byte[8 * 64 * 64 * 3], 8, 64, 64, 8), Path.Combine(Clips, "cut.png"), Cancellation);
        await Cut("first.mp4", "cut-at-start.mp4", 0.02);
        await Cut("first.mp4", "cut-index.mp4", 0.9);
        await Cut("index-first.mp4", "cut-frames.mp4", 0.7);
        await Cut("cut.webm", "cut.webm", 0.7);
        await Cut("cut.gif", "cut.gif", 0.7);
        await Cut("cut.png", "cut.png", 0.7);
        byte[] bytes = new byte[5000];
        new Random(1).NextBytes(bytes);
        await File.WriteAllBytesAsync(Path.Combine(Clips, "bytes.webm"), bytes, Cancellation);
        await File.WriteAllTextAsync(Path.Combine(Clips, "text.mp4"), "No video at all.\n", Cancellation);
        await File.WriteAllTextAsync(Path.Combine(Clips, "text.png"), "No picture either.\n", Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(Clips, "empty.mp4"), [], Cancellation);
        await Make("no-track.mp4", Noise, "-frames:v", "0");
        await Make("no-frames.mp4", Noise, "-frames:v", "0", "-movflags", "empty_moov");
        await Make("sound.mp4", "sine=duration=1");
        await Make("pixel.mp4", "testsrc=size=1x1:rate=8:duration=1", "-pix_fmt", "yuv444p");
        await VideoFile.WriteAsync(new VideoClip(new byte[8 * 3], 8, 1, 1, 8), Path.Combine(Clips, "pixel.png"), Cancellation);
        string[] wide = ["-pix_fmt", "yuv420p10le", "-color_primaries", "bt2020", "-colorspace", "bt2020nc", "-color_trc"];
        await Make("pq.mp4", Noise, [.. wide, "smpte2084"]);
        await Make("hlg.mp4", Noise, [.. wide, "arib-std-b67"]);
        await Make("long.mp4", "testsrc=size=32x32:rate=25", "-frames:v", "10000", "-preset", "ultrafast");
        await Make("variable.mp4", "testsrc=size=64x48:rate=10:duration=2", "-vf", "select=not(between(n\\,5\\,9))", "-fps_mode", "vfr");
        await Make("turned.mp4", null, "-i", Path.Combine(Clips, "first.mp4"), "-c", "copy", "-metadata:s:v:0", "rotate=90");
        File.Delete(Path.Combine(Clips, "first.mp4"));
        File.Delete(Path.Combine(Clips, "index-first.mp4"));
    }

    private async Task Make(string name, string? source, params string[] arguments)
    {
        string[] input = source is null ? [] : ["-f", "lavfi", "-i", source];
        using Process process = Process.Start(new ProcessStartInfo("ffmpeg", ["-nostdin", "-v", "error", .. input, .. arguments, Path.Combine(Clips, name)]) { RedirectStandardError = true })!;
        string errors = await process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        Assert.True(process.ExitCode == 0, $"{name}: {errors}");
    }

    private async Task Cut(string from, string to, double share)
    {
        byte[] bytes = await File.ReadAllBytesAsync(Path.Combine(Clips, from), Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(Clips, to), bytes[..(int)(bytes.Length * share)], Cancellation);
    }
}
