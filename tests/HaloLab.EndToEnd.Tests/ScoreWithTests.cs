using System.Globalization;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using CsvHelper;
using HaloLab.Experiments;
using HaloLab.Rewards;
using HaloLab.Tests.Rewards;
using HaloLab.Tests.Videos;
using HaloLab.Videos;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>score --with</c> on tiny models in the published layouts, as a user runs it.</summary>
public sealed class ScoreWithTests : IDisposable
{
    private const string Prompt = "A girl with braided hair sits on a chair.";
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-score").FullName;

    private string Output => Path.Combine(_folder, "out");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task BothScorersScoreFilesAndBrokenOnesHaveReasons()
    {
        Ffmpeg.Require();
        string clips = Path.Combine(_folder, "clips");
        Directory.CreateDirectory(clips);
        foreach (int i in Enumerable.Range(0, 3))
        {
            await VideoFile.WriteAsync(NoiseClip(i), Path.Combine(clips, $"clip-{i}.mp4"), Cancellation);
        }

        byte[] whole = await File.ReadAllBytesAsync(Path.Combine(clips, "clip-0.mp4"), Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(clips, "cut.mp4"), whole[..^300], Cancellation);
        await File.WriteAllTextAsync(Path.Combine(clips, "text.mp4"), "no video", Cancellation);
        await VideoFile.WriteAsync(new VideoClip(new byte[32 * 32 * 3], 1, 32, 32, 8), Path.Combine(clips, "still.mp4"), Cancellation);
        string prompts = Path.Combine(_folder, "prompts.csv");
        await File.WriteAllTextAsync(prompts, "clip,prompt\n" + string.Concat(Directory.GetFiles(clips).Select(path => $"{Path.GetFileName(path)},\"{Prompt} {Path.GetFileName(path)}\"\n")), Cancellation);
        string with = $"videoreward:{VideoReward()},videoscore:{VideoScore()}";

        // One thread: with two, beside other tests, a score once came out again with other last digits.
        string[] arguments = ["score", clips, "--prompts", prompts, "--with", with, "--threads", "1", "--out", Output];
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("3 of 6 clips have all scores.", result.StandardOutput, StringComparison.Ordinal);
        JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "scores.json"), Cancellation))!;
        foreach (JsonNode? clip in json["clips"]!.AsArray())
        {
            string name = Path.GetFileName(clip!["file"]!.GetValue<string>());
            bool isWhole = name.StartsWith("clip-", StringComparison.Ordinal);
            Assert.Equal($"{Prompt} {name}", clip["prompt"]!.GetValue<string>());
            Assert.Equal(isWhole ? 2 : 0, clip["scores"]!.AsObject().Count);
            Assert.Equal(isWhole ? 0 : 2, clip["missing"]!.AsObject().Count);
            if (isWhole)
            {
                double[] rewards = [.. clip["scores"]!["videoreward"]!.AsArray().Select(score => score!.GetValue<double>())];
                Assert.Equal(rewards[..3].Sum(), rewards[3], 1e-9);
                Assert.Equal(5, clip["scores"]!["videoscore"]!.AsArray().Count);
            }
        }

        Assert.Contains("checkpoint-20/model.safetensors", json["scorers"]![0]!["sha256"]!.AsObject().Select(file => file.Key));
        foreach (string name in (string[])["cut.mp4", "text.mp4", "still.mp4"])
        {
            Assert.Contains(name + ", videoscore: ", result.StandardError, StringComparison.Ordinal);
        }

        using (StreamReader text = new(Path.Combine(Output, "scores.csv")))
        using (CsvReader table = new(text, CultureInfo.InvariantCulture))
        {
            string[][] rows = [.. table.GetRecords<dynamic>().Select(row => ((IDictionary<string, object>)row).Values.Select(value => (string)value).ToArray())];
            Assert.Equal(6, rows.Length);
            Assert.All(rows, row => Assert.Equal(row[0].Contains("/clip-", StringComparison.Ordinal), row[^2].Length == 0 && row[2..11].All(cell => cell.Length > 0)));
        }

        // Each of the four changes, of each of nine scores, over the three clips that could be read.
        JsonNode[] controls = [.. json["controls"]!.AsArray().Select(row => row!)];
        Assert.Equal(4 * 9, controls.Length);
        Assert.All(controls, row => Assert.Equal(3, row["clips"]!.GetValue<int>()));

        // VideoReward's instruction names the prompt after the tokens of visual and motion quality, which cannot see it therefore.
        static bool IsBlind(JsonNode row) => row["change"]!.GetValue<string>() == "otherPrompt" && row["dimension"]!.GetValue<string>() is "VQ" or "MQ";
        Assert.All(controls, row => Assert.Equal(IsBlind(row), row["difference"]!.GetValue<double>() == 0));

        string page = await File.ReadAllTextAsync(Path.Combine(Output, "scores.html"), Cancellation);
        Assert.Contains("shuffled frames", page, StringComparison.Ordinal);
        Assert.Contains("videoscore dynamic degree", page, StringComparison.Ordinal);
        Assert.Contains("Not scored", page, StringComparison.Ordinal);

        // Again, after a kill in the middle of a line: the whole lines are taken, the rest is scored again to the same bits.
        string cache = Directory.GetFiles(Path.Combine(Output, "cache"), "videoscore-*").Single();
        string before = await File.ReadAllTextAsync(cache, Cancellation);
        await File.WriteAllTextAsync(cache, before[..^20], Cancellation);
        string scores = await File.ReadAllTextAsync(Path.Combine(Output, "scores.json"), Cancellation);
        Assert.True((await HaloLabProgram.Run(arguments)).IsSuccess);
        Assert.Equal(before, await File.ReadAllTextAsync(cache, Cancellation));
        Assert.Equal(scores, await File.ReadAllTextAsync(Path.Combine(Output, "scores.json"), Cancellation));
    }

    [Fact]
    public async Task ScoresAreTheModelsOwnAndFollowThePrompt()
    {
        Ffmpeg.Require();
        string clip = Path.Combine(_folder, "clip.mp4");
        await VideoFile.WriteAsync(NoiseClip(1), clip, Cancellation);
        Assert.True((await HaloLabProgram.Run("score", clip, "--prompt", Prompt, "--with", "videoscore:" + VideoScore(), "--out", Output)).IsSuccess);
        JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "scores.json"), Cancellation))!;
        double[] scores = [.. json["clips"]![0]!["scores"]!["videoscore"]!.AsArray().Select(score => score!.GetValue<double>())];
        using IVideoScorer scorer = new ScorerFolder("videoscore", VideoScore()).Open();
        VideoClip video = await VideoFile.ReadAsync(clip, Cancellation);
        Assert.All(scores.Zip(scorer.Score(video, Prompt)), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.NotEqual(scorer.Score(video, Prompt), scorer.Score(video, "Snow falls."));
        Assert.NotEqual(scorer.Score(video, Prompt), scorer.Score(NoiseClip(2), Prompt));

        // In half precision they are others, near these and kept apart from them.
        foreach ((string precision, double least, double most) in new[] { ("bfloat16", 1e-5, 0.1), ("float32", 0, 1e-6) })
        {
            Assert.True((await HaloLabProgram.Run("score", clip, "--prompt", Prompt, "--with", "videoscore:" + VideoScore(), "--precision", precision, "--out", Output)).IsSuccess);
            json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "scores.json"), Cancellation))!;
            double difference = json["clips"]![0]!["scores"]!["videoscore"]!.AsArray().Select((score, i) => Math.Abs(score!.GetValue<double>() - scores[i])).Max();
            Assert.InRange(difference, least, most);
        }
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task RealVideosAreScored()
    {
        Ffmpeg.Require();
        string data = Environment.GetEnvironmentVariable("HALOLAB_DATA") is { Length: > 0 } given ? given : Path.Combine(RepositoryRoot.Path, "..", "shared", "data");
        string videos = Path.Combine(data, "videoalign", "videos");
        Assert.SkipUnless(Directory.Exists(videos), "HALOLAB_DATA names no folder with videoalign/videos (KlingAIResearch/VideoAlign's example data)");
        BufferedCommandResult result = await HaloLabProgram.Run("score", videos, "--prompt", Prompt, "--with", "videoreward:" + VideoReward(), "--controls", "0", "--out", Output);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("6 of 6 clips have all scores.", result.StandardOutput, StringComparison.Ordinal);

        // Eight frames a second of five seconds are many tokens: one video is enough for VideoScore.
        result = await HaloLabProgram.Run("score", Directory.GetFiles(videos).Order().First(), "--prompt", Prompt, "--with", "videoscore:" + VideoScore(), "--controls", "0", "--out", Output + "-2");
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("1 of 1 clips have all scores.", result.StandardOutput, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expected KIND:FOLDER", "videoreward")]
    [InlineData("expected KIND:FOLDER", "other:{reward}")]
    [InlineData("no such folder", "videoscore:/nowhere")]
    [InlineData("named twice", "videoscore:{score},videoscore:{score}")]
    [InlineData("model_config.json", "videoreward:{score}")]
    [InlineData("prompt_template.json: not found", "videoscore:{score}", "prompt_template.json", null)]
    [InlineData("stands 0 times", "videoscore:{score}", "prompt_template.json", """{"template": "a", "placeholder": "b"}""")]
    [InlineData("tokenizer.json: is no byte-level pair tokenizer", "videoscore:{score}", "tokenizer.json", "{}")]
    [InlineData("num_hidden_layers", "videoscore:{score}", "config.json", """{"num_hidden_layers": 0}""")]
    public async Task WhatIsWrongWithAScorerIsNamed(string expected, string with, string? file = null, string? content = null)
    {
        Ffmpeg.Require();
        string clip = Path.Combine(_folder, "clip.mp4");
        await VideoFile.WriteAsync(NoiseClip(1), clip, Cancellation);
        (string reward, string score) = (VideoReward(), VideoScore());
        if (file is not null && content is null)
        {
            File.Delete(Path.Combine(score, file));
        }
        else if (file is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(score, file), content, Cancellation);
        }

        string named = with.Replace("{reward}", reward, StringComparison.Ordinal).Replace("{score}", score, StringComparison.Ordinal);
        await HaloLabProgram.Refuses(expected, Output, "score", clip, "--prompt", Prompt, "--with", named);
    }

    [Theory]
    [InlineData("Give either --prompt or --prompts")]
    [InlineData("Give either --prompt or --prompts", "--prompt", "x", "--prompts", "{good}")]
    [InlineData("has no prompt for 1 clips: clip.mp4", "--prompts", "{other}")]
    [InlineData("different prompts", "--prompts", "{twice}")]
    [InlineData("columns clip and prompt", "--prompts", "{columns}")]
    [InlineData("--grid and --stride are for scorers of patches", "--prompt", "x", "--grid", "2x2x2")]
    [InlineData("--model is the toy model's", "--prompt", "x", "--model", "model.safetensors")]
    [InlineData("No clip could be scored", "--prompt", "a <|video_pad|>")]
    public async Task WhatIsWrongWithClipsAndPromptsIsNamed(string expected, params string[] arguments)
    {
        Ffmpeg.Require();
        string clip = Path.Combine(_folder, "clip.mp4");
        await VideoFile.WriteAsync(NoiseClip(1), clip, Cancellation);
        Dictionary<string, string> tables = new()
        {
            ["{good}"] = "clip,prompt\nclip.mp4,x\n",
            ["{other}"] = "clip,prompt\nother.mp4,x\n",
            ["{twice}"] = "clip,prompt\nclip.mp4,x\nclip.mp4,y\n",
            ["{columns}"] = "clip,text\nclip.mp4,x\n",
        };
        string[] given = [.. arguments.Select(argument =>
        {
            if (!tables.TryGetValue(argument, out string? table))
            {
                return argument;
            }

            string path = Path.Combine(_folder, "prompts.csv");
            File.WriteAllText(path, table);
            return path;
        })];
        BufferedCommandResult result = await HaloLabProgram.Run(["score", clip, "--with", "videoscore:" + VideoScore(), "--out", Output, .. given]);
        Assert.True(result.ExitCode == 2, result.StandardError);
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Output, "scores.json")));
    }

    private static VideoClip NoiseClip(int seed) => TinyScorers.NoiseClip(seed);

    private string VideoReward() => TinyScorers.VideoReward(_folder);

    private string VideoScore() => TinyScorers.VideoScore(_folder);
}
