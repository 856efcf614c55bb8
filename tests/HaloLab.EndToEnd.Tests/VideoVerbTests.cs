using System.Diagnostics;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.GranDpo;
using HaloLab.Optimisation;
using HaloLab.Preferences;
using HaloLab.Rewards;
using HaloLab.Tests.Evaluation.Scorers;
using HaloLab.Tests.Optimisation;
using HaloLab.Tests.ToyWorld;
using HaloLab.Tests.Videos;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;
using TorchSharp;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>score</c> and <c>train</c> on video files, as a user runs them.</summary>
public sealed class VideoVerbTests : IDisposable
{
    private const string Prompt = PairFolder.Prompt;
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-videos").FullName;

    public VideoVerbTests() => RandomToyCheckpoints.Write(Checkpoints);

    private string Checkpoints => Path.Combine(_folder, "checkpoints");

    private string Output => Path.Combine(_folder, "out");

    private string Model => Path.Combine(Checkpoints, ToyPatchRewardTraining.PatchRewardFile);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ScoreWritesTheModelsRewardsAndAPage()
    {
        Ffmpeg.Require();
        string clip = await PairFolder.Video(_folder, "clip.mp4", 1);
        BufferedCommandResult result = await HaloLabProgram.Run("score", clip, "--prompt", Prompt, "--grid", "2x4x4", "--model", Model, "--out", Output);
        Assert.True(result.IsSuccess, result.StandardError);
        JsonNode scores = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "scores.json"), Cancellation))!;
        Assert.Equal("a red circle moving left", scores["promptAsUnderstood"]!.GetValue<string>());
        Assert.Contains("toy", scores["model"]!["kind"]!.GetValue<string>(), StringComparison.Ordinal);

        using DisposeScope scope = torch.NewDisposeScope();
        using RewardModel model = RewardModel.Load(Model);
        VideoClip seen = ClipResampler.WholeClip(await VideoFile.ReadAsync(clip, Cancellation), 8, 32, 32);
        ClipRewards expected = model.Score([seen], [new ToyTokenizer().Encode("a red circle moving left")], ToyGenerator.Lattice.Edges(new PatchGrid(2, 4, 4)));
        Assert.Equal(expected.VideoRewards()[0], scores["videoReward"]!.GetValue<double>(), 5);
        Assert.Equal(expected.PatchRewards()[0], scores["patchRewards"]!.AsArray().Select(value => value!.GetValue<double>()), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Contains("toy", await File.ReadAllTextAsync(Path.Combine(Output, "heat-map.html"), Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATurnedVideoIsScoredWithARemark()
    {
        Ffmpeg.Require();
        string flat = await PairFolder.Video(_folder, "flat.mp4", 1);
        string turned = Path.Combine(_folder, "turned.mp4");
        using (Process process = Process.Start("ffmpeg", ["-v", "error", "-i", flat, "-c", "copy", "-metadata:s:v:0", "rotate=90", turned]))
        {
            await process.WaitForExitAsync(Cancellation);
            Assert.Equal(0, process.ExitCode);
        }

        BufferedCommandResult result = await HaloLabProgram.Run("score", turned, "--prompt", Prompt, "--model", Model, "--out", Output);
        Assert.True(result.IsSuccess, result.StandardError);
        const string Remark = "The file stores its pictures turned by 90 degrees";
        Assert.Contains("turned.mp4: " + Remark, result.StandardError, StringComparison.Ordinal);
        Assert.StartsWith(Remark, JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "scores.json"), Cancellation))!["remark"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains(Remark, await File.ReadAllTextAsync(Path.Combine(Output, "heat-map.html"), Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no such file", "missing.mp4")]
    [InlineData("clip.mp4: ", "broken")]
    [InlineData("--prompt is empty", "clip.mp4", "--prompt", " ")]
    [InlineData("between 1 and 8", "clip.mp4", "--grid", "9x4x4")]
    [InlineData("Grid '4'", "clip.mp4", "--grid", "4")]
    [InlineData("nowhere", "clip.mp4", "--model", "/nowhere/model.safetensors")]
    [InlineData("never trained on patch labels", "clip.mp4", "--model", "video-reward")]
    [InlineData("extra.weight", "clip.mp4", "--model", "extra")]
    [InlineData("patch_head", "clip.mp4", "--model", "missing")]
    public async Task ScoreNamesWhatIsWrong(string expected, string clip, params string[] arguments)
    {
        Ffmpeg.Require();
        string path = await PairFolder.Video(_folder, "clip.mp4", 1);
        if (clip == "broken")
        {
            await File.WriteAllBytesAsync(path, (await File.ReadAllBytesAsync(path, Cancellation))[..^200], Cancellation);
        }

        string[] options = [.. arguments.Select(argument => argument switch
        {
            "video-reward" => Path.Combine(Checkpoints, ToyRewardTraining.VideoRewardFile),
            "extra" => Changed(state => state.Add("extra.weight", torch.ones(1))),
            "missing" => Changed(state => state.Remove(state.Keys.First(key => key.StartsWith("patch_head", StringComparison.Ordinal)))),
            _ => argument,
        })];
        string[] defaults = [.. arguments.Contains("--prompt") ? [] : new[] { "--prompt", Prompt }, .. arguments.Contains("--model") ? [] : new[] { "--model", Model }];
        await HaloLabProgram.Refuses(expected, Output, ["score", clip == "missing.mp4" ? Path.Combine(_folder, clip) : path, .. defaults, .. options]);
    }

    [Fact]
    public async Task AnUnwritableFolderIsNamed()
    {
        Ffmpeg.Require();
        string file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "in the way", Cancellation);
        string clip = await PairFolder.Video(_folder, "clip.mp4", 1);
        string pairs = await PairFolder.Write(_folder, 3);
        string below = Path.Combine(file, "out");
        await HaloLabProgram.Refuses(below, below, "score", clip, "--prompt", Prompt, "--model", Model);
        await HaloLabProgram.Refuses(below, below, "generate", "--prompt", "a red circle moving left on a dark background", "--checkpoints", Checkpoints);
        await HaloLabProgram.Refuses(below, below, "train", "--pairs", pairs, "--reward", "VQ", "--model", Checkpoints, "--steps", "1");
        await HaloLabProgram.Refuses(below, below, "reproduce", "--preset", "smoke", "--checkpoints", Checkpoints);
    }

    [Fact]
    public async Task TrainTunesOnPairsOfFilesAndItsModelGenerates()
    {
        Ffmpeg.Require();
        string pairs = await PairFolder.Write(_folder, 3);
        string[] arguments = ["train", "--pairs", pairs, "--reward", "VQ", "--model", Checkpoints, "--steps", "3", "--batch-pairs", "2", "--out", Output];
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("2 pairs to train on", result.StandardOutput, StringComparison.Ordinal);
        foreach (int row in new[] { 1, 2, 3 })
        {
            Assert.Contains($"Rows {row + 3} repeat row {row}: left out.", result.StandardOutput, StringComparison.Ordinal);
        }

        Assert.Contains("left out: rows 2", result.StandardOutput, StringComparison.Ordinal);

        JsonNode manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "manifest.json"), Cancellation))!;
        Assert.Contains("nearest in time", manifest["settings"]!["resampling"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(["row 1: num_frames_B is 99, the file has 10"], manifest["settings"]!["otherThanClaimed"]!.AsArray().Select(line => line!.GetValue<string>()));
        Assert.Equal(4, manifest["settings"]!["videos"]!.AsArray().Count);

        // The tuned model is another one, and a whole one.
        string tuned = Path.Combine(Output, "model", GeneratorTraining.DenoiserFile);
        Assert.NotEqual(FileHash.Of(Path.Combine(Checkpoints, GeneratorTraining.DenoiserFile)), FileHash.Of(tuned));
        BufferedCommandResult generated = await HaloLabProgram.Run("generate", "--prompt", "a red circle moving left on a dark background", "--checkpoints", Path.Combine(Output, "model"), "--out", Path.Combine(_folder, "generated"));
        Assert.True(generated.IsSuccess, generated.StandardError);

        // The same command finds everything done and ends in the same bytes.
        string hash = FileHash.Of(tuned);
        BufferedCommandResult again = await HaloLabProgram.Run(arguments);
        Assert.Contains("tuned: found finished", again.StandardError, StringComparison.Ordinal);
        Assert.Equal(hash, FileHash.Of(tuned));

        // So it does when the videos have moved: what was read of a file goes by its content.
        string moved = Directory.CreateDirectory(Path.Combine(_folder, "moved")).FullName;
        foreach (string file in Directory.GetFiles(_folder, "clip-*.mp4").Append(pairs))
        {
            File.Move(file, Path.Combine(moved, Path.GetFileName(file)));
        }

        arguments[2] = Path.Combine(moved, Path.GetFileName(pairs));
        again = await HaloLabProgram.Run(arguments);
        Assert.True(again.IsSuccess, again.StandardError);
        Assert.Contains("encoded-videos: found finished", again.StandardError, StringComparison.Ordinal);
        manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "manifest.json"), Cancellation))!;
        Assert.All(manifest["settings"]!["videos"]!.AsArray(), video => Assert.StartsWith(moved, video!["path"]!.GetValue<string>(), StringComparison.Ordinal));
        Assert.Equal(4, manifest["inputs"]!.AsObject().Count(input => input.Key.EndsWith(".mp4", StringComparison.Ordinal)));
        Assert.Contains("1/2", manifest["betaConvention"]!.GetValue<string>(), StringComparison.Ordinal);

        // A run goes on with the threads it was begun with, or not at all.
        int begun = manifest["threads"]!.GetValue<int>();
        BufferedCommandResult threads = await HaloLabProgram.Run([.. arguments, "--threads", $"{begun + 1}"]);
        Assert.Equal(2, threads.ExitCode);
        Assert.Contains($"was begun with {begun} threads", threads.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TrainLearnsFromTheRegionsInWhichClipsDiffer()
    {
        Ffmpeg.Require();
        await PairFolder.Write(_folder, 2);
        string pairs = Path.Combine(_folder, "pairs.jsonl");

        // The first pair differs in its right half, the second nowhere: it has no term.
        await File.WriteAllLinesAsync(
            pairs,
            new[] { 2, 1 }.Select((right, i) => $$"""{"path_A": "clip-{{i + 1}}-A.mp4", "path_B": "clip-{{i + 1}}-B.mp4", "prompt": "{{PairFolder.Prompt}}", "reward_A": 1, "reward_B": 0, "grid": "1x1x2", "patch_rewards_A": [3, {{right}}], "patch_rewards_B": [3, 1]}"""),
            Cancellation);
        BufferedCommandResult result = await HaloLabProgram.Run(
            "train", "--pairs", pairs, "--arm", "region-masked", "--tau-patch", "0.5", "--grid", "1x1x2", "--model", Checkpoints, "--steps", "2", "--batch-pairs", "2", "--threads", "1", "--out", Output);
        Assert.True(result.IsSuccess, result.StandardError);
        IReadOnlyList<JsonObject> steps = TrainingLoop.ReadMetrics(Directory.GetDirectories(Path.Combine(Output, "stages"), "tuned-*").Single());
        Assert.Equal([(1L, 1L), (1L, 1L)], steps.Select(step => (step["untied_pairs"]!.GetValue<long>(), step["untied_patches"]!.GetValue<long>())));
        Assert.Equal(Math.Log(2), steps[0]["loss"]!.GetValue<double>(), 1e-6);
    }

    [Fact]
    public async Task ATrainingThatIsProfiledEndsInTheSameBytes()
    {
        Ffmpeg.Require();
        string[] training = ["train", "--pairs", await PairFolder.Write(_folder, 3), "--reward", "VQ", "--model", Checkpoints, "--steps", "6", "--batch-pairs", "2", "--two-pass", "--threads", "1"];
        string[] recording = [.. training, "--profile", "2", "--out", Output];
        BufferedCommandResult result = await HaloLabProgram.Run(recording);
        Assert.True(result.IsSuccess, result.StandardError);
        string[] lines = result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int title = Array.FindIndex(lines, line => line.StartsWith("Where the time went in 2 steps from step 2 on", StringComparison.Ordinal));
        Assert.EndsWith(Path.Combine(Output, "profile.json"), lines[title], StringComparison.Ordinal);
        Assert.EndsWith("100.0 %  step", lines[title + 2], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.EndsWith(" %    second pass", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.EndsWith(" %      backward", StringComparison.Ordinal));
        Assert.Equal(Path.Combine(Output, "model"), lines[^1]);
        TraceFile trace = new(Path.Combine(Output, "profile.json"));
        Assert.Equal([2, 3], trace.Spans.Where(span => span.Name == "step").Select(span => span.Step));

        string other = Path.Combine(_folder, "not-recorded");
        Assert.True((await HaloLabProgram.Run([.. training, "--out", other])).IsSuccess);
        Assert.False(File.Exists(Path.Combine(other, "profile.json")));
        string[] made = [.. Directory.EnumerateFiles(other, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(other, file)).Where(file => Path.GetFileName(file) is not ("stage.json" or "manifest.json"))];
        Assert.Contains(made, file => file.EndsWith(TrainingLoop.MetricsFile, StringComparison.Ordinal));
        Assert.All(made, file => Assert.Equal(FileHash.Of(Path.Combine(other, file)), FileHash.Of(Path.Combine(Output, file))));

        // Nothing is left to record.
        result = await HaloLabProgram.Run(recording);
        Assert.Contains("no step was recorded", result.StandardOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATrainingThatIsWatchedEndsInTheSameBytes()
    {
        Ffmpeg.Require();
        string pairs = await PairFolder.Write(_folder, 3);
        string prompts = Path.Combine(_folder, "prompts.txt");
        string[] captions = [.. ToyClips.Captions(40).Select(caption => caption.ToString()).Distinct().Take(6)];
        await File.WriteAllLinesAsync(prompts, captions, Cancellation);
        string[] training = ["train", "--pairs", pairs, "--reward", "VQ", "--model", Checkpoints, "--steps", "3", "--batch-pairs", "2"];
        string[] watching = [.. training, "--watch", $"dino:{TinyDino.Write(Path.Combine(_folder, "dino"))},flickering", "--trained", "dino", "--watch-prompts", prompts, "--watch-every", "2", "--out", Output];
        BufferedCommandResult result = await HaloLabProgram.Run(watching);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("Watched at 3 steps", result.StandardError, StringComparison.Ordinal);

        // A log has lines of text and no curves.
        Assert.DoesNotContain("▁", result.StandardError, StringComparison.Ordinal);
        string series = Path.Combine(Assert.Single(Directory.GetDirectories(Path.Combine(Output, "watch"))), "series.jsonl");
        JsonNode[] looks = [.. (await File.ReadAllLinesAsync(series, Cancellation)).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal([0, 2, 3], looks.Select(look => look["step"]!.GetValue<int>()));
        Assert.Equal(6, looks[0]["means"]!.AsObject().Count);

        // What was trained moves the clips, and nothing of it is left but what was seen.
        Assert.NotEqual(looks[0]["scores"]!.ToJsonString(), looks[2]["scores"]!.ToJsonString());
        Assert.All(looks[0]["scores"]!.AsArray(), score => Assert.Equal(6, score!["values"]!.AsArray().Count(value => value is not null)));
        Assert.Equal(["cache", "prompts.json", "series.jsonl", "step-000000", "step-000002", "step-000003"], Directory.GetFileSystemEntries(Path.GetDirectoryName(series)!).Select(path => Path.GetFileName(path)).Where(name => name != "alarms.txt").Order(StringComparer.Ordinal));

        // The last look is at the model that is there in the end.
        BufferedCommandResult generated = await HaloLabProgram.Run(["generate", .. captions.SelectMany(caption => new[] { "--prompt", caption }), "--checkpoints", Path.Combine(Output, "model"), "--out", Path.Combine(_folder, "generated")]);
        Assert.True(generated.IsSuccess, generated.StandardError);
        Assert.Equal(FileHash.Of(Path.Combine(_folder, "generated", "clip-005.png")), FileHash.Of(Path.Combine(Path.GetDirectoryName(series)!, "step-000003", "clip-005.png")));

        result = await HaloLabProgram.Run([.. training, "--out", Output + "-unwatched"]);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(FileHash.Of(Path.Combine(Output + "-unwatched", "model", GeneratorTraining.DenoiserFile)), FileHash.Of(Path.Combine(Output, "model", GeneratorTraining.DenoiserFile)));

        // Again: nothing is looked at a second time. After the training is done it is too late to begin.
        string before = await File.ReadAllTextAsync(series, Cancellation);
        File.Delete(Path.Combine(Path.GetDirectoryName(series)!, "step-000000", "clip-000.png"));
        Assert.True((await HaloLabProgram.Run(watching)).IsSuccess);
        Assert.Equal(before, await File.ReadAllTextAsync(series, Cancellation));
        Directory.Delete(Path.Combine(Output, "watch"), recursive: true);
        result = await HaloLabProgram.Run(watching);
        Assert.Contains("was finished before it was watched", result.StandardError, StringComparison.Ordinal);
    }

    /// <summary>Stopped within a look. Between looks: <c>ChangedTrainingTests</c>, by default.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task AWatchThatIsStoppedGoesOnInTheSameBytes()
    {
        Ffmpeg.Require();
        VideoPairTable table = VideoPairFile.Read(await PairFolder.Write(_folder, 3), RewardAggregation.Parse("VQ"));
        using TunableToyGenerator model = new(Checkpoints);
        GranDpoTrainerOptions options = new() { Seed = 3, Steps = 4, BatchPairs = 2 };
        string[] captions = [.. ToyClips.Captions(40).Select(caption => caption.ToString()).Distinct().Take(6)];
        IReadOnlyList<ScorerFolder> scorers = ScorerFolder.Parse($"dino:{TinyDino.Write(Path.Combine(_folder, "dino"))},flickering");
        Run("whole", _ => { }, CancellationToken.None);
        using CancellationTokenSource stop = new();
        int opened = 0;

        // In the second look, between its scorers.
        void StopAtFifth(ScorerFolder scorer)
        {
            if (++opened == 5)
            {
                stop.Cancel();
            }
        }

        Assert.ThrowsAny<OperationCanceledException>(() => Run("stopped", StopAtFifth, stop.Token));
        Assert.Equal("0", string.Join(' ', Steps("stopped")));
        Run("stopped", _ => { }, CancellationToken.None);
        Assert.Equal("0 2 4", string.Join(' ', Steps("stopped")));
        Assert.Equal(await File.ReadAllTextAsync(Series("whole"), Cancellation), await File.ReadAllTextAsync(Series("stopped"), Cancellation));
        Assert.Equal(FileHash.Of(Path.Combine(_folder, "whole", "model", GeneratorTraining.DenoiserFile)), FileHash.Of(Path.Combine(_folder, "stopped", "model", GeneratorTraining.DenoiserFile)));

        void Run(string folder, Action<ScorerFolder> opening, CancellationToken cancellation)
        {
            IVideoScorer Open(ScorerFolder scorer)
            {
                opening(scorer);
                return scorer.Open();
            }

            TrainingWatch watch = new(model, scorers, Open, "dino", captions, every: 2, seed: 3, _ => { });
            watch.Validate();
            new VideoPairTraining(table, model, options, watch).Run(Path.Combine(_folder, folder), "train", new LineProgress(TextWriter.Null), cancellation);
        }

        string Series(string folder) => Directory.GetFiles(Path.Combine(_folder, folder, "watch"), "series.jsonl", SearchOption.AllDirectories).Single();
        IEnumerable<int> Steps(string folder) => File.ReadLines(Series(folder)).Select(line => JsonNode.Parse(line)!["step"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("--watch-every is for --watch", "--watch-every", "5")]
    [InlineData("--trained is missing", "--watch", "flickering")]
    [InlineData("--trained dino: expected one of the watched scorers, flickering", "--watch", "flickering", "--trained", "dino")]
    [InlineData("names no judge beside flickering", "--watch", "flickering,appearance", "--trained", "flickering")]
    [InlineData("--watch-every 0: expected at least 1", "--watch", "flickering,appearance", "--trained", "flickering", "--watch-every", "0")]
    [InlineData("There are 1 different prompts to watch", "--watch", "flickering,smoothness", "--trained", "flickering")]
    [InlineData("nowhere.txt: not found", "--watch", "flickering,smoothness", "--trained", "flickering", "--watch-prompts", "nowhere.txt")]
    public async Task AWatchThatDoesNotFitIsRefused(string expected, params string[] arguments)
    {
        Ffmpeg.Require();
        await HaloLabProgram.Refuses(expected, Output, ["train", "--pairs", await PairFolder.Write(_folder, 3), "--reward", "VQ", "--model", Checkpoints, .. arguments]);
    }

    [Theory]
    [InlineData("several dimensions (VQ, MQ, TA)")]
    [InlineData("no dimension 'XQ'", "--reward", "XQ")]
    [InlineData("between 1 and 8", "--reward", "VQ", "--grid", "4x4x16")]
    [InlineData("Steps is 0", "--reward", "VQ", "--steps", "0")]
    [InlineData("BetaVideo is -1", "--reward", "VQ", "--beta-video", "-1")]
    [InlineData("TauPatch is -1", "--reward", "VQ", "--tau-patch", "-1")]
    [InlineData("The pairs have no patch rewards", "--reward", "VQ", "--arm", "region-masked")]
    [InlineData("no toy checkpoints", "--reward", "VQ", "--model", "/nowhere")]
    [InlineData("expected a file of pairs", "--pairs", "pairs.xlsx", "--reward", "VQ")]
    [InlineData("cannot be read", "--pairs", "missing.csv", "--reward", "VQ")]
    [InlineData("absent.mp4", "--pairs", "absent", "--reward", "VQ")]
    [InlineData("--plan is for a published model", "--reward", "VQ", "--plan")]
    [InlineData("--profile 0: expected 1 to 100 steps", "--reward", "VQ", "--profile", "0")]
    public async Task TrainNamesWhatIsWrong(string expected, params string[] arguments)
    {
        Ffmpeg.Require();
        string pairs = await PairFolder.Write(_folder, 3);
        string absent = Path.Combine(_folder, "absent.csv");
        await File.WriteAllTextAsync(absent, "path_A,path_B,prompt,VQ\nabsent.mp4,clip-1-B.mp4,A street,A\n", Cancellation);
        string[] defaults = [.. arguments.Contains("--pairs") ? [] : new[] { "--pairs", pairs }, .. arguments.Contains("--model") ? [] : new[] { "--model", Checkpoints }];
        await HaloLabProgram.Refuses(expected, Output, ["train", .. defaults, .. arguments.Select(argument => argument == "absent" ? absent : argument)]);
    }

    [Fact]
    public async Task TrainRunsOnVideoAlignsExample()
    {
        Ffmpeg.Require();
        string data = Environment.GetEnvironmentVariable("HALOLAB_DATA") is { Length: > 0 } given ? given : Path.Combine(RepositoryRoot.Path, "..", "shared", "data");
        string pairs = Path.Combine(data, "videoalign", "example.csv");
        Assert.SkipUnless(File.Exists(pairs), "HALOLAB_DATA names no folder with videoalign/example.csv (KlingAIResearch/VideoAlign's example data)");
        BufferedCommandResult result = await HaloLabProgram.Run("train", "--pairs", pairs, "--reward", "VQ=1,MQ=0.5,TA=0.25", "--model", Checkpoints, "--steps", "2", "--batch-pairs", "2", "--out", Output);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("3 pairs to train on", result.StandardOutput, StringComparison.Ordinal);
        JsonNode manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "manifest.json"), Cancellation))!;
        Assert.Equal(9, manifest["settings"]!["repeated"]!.AsArray().Count);
        Assert.Equal(6, manifest["settings"]!["videos"]!.AsArray().Count);
        Assert.True(File.Exists(Path.Combine(Output, "model", GeneratorTraining.DenoiserFile)));
    }

    private string Changed(Action<Dictionary<string, torch.Tensor>> change)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> state = Safetensors.Load(Model, out Dictionary<string, string> metadata);
        change(state);
        string path = Path.Combine(_folder, "changed.safetensors");
        Safetensors.Save(path, state, metadata);
        return path;
    }
}
