using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using HaloLab.Experiments.Rewards;
using HaloLab.Preferences.Labels;
using HaloLab.Tests.Preferences.Importing;
using HaloLab.Tests.Rewards;
using HaloLab.Tests.ToyWorld;
using HaloLab.Tests.Videos;
using HaloLab.Videos;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>reward train</c>, and <c>score --with patch</c> on what it wrote, as a user runs them.</summary>
public sealed class RewardVerbTests : IDisposable
{
    private const int Prompts = 6;
    private static readonly PatchGrid Grid = new(2, 2, 2);
    private static readonly RatingScale Grades = new(1, 5, isWhole: true);
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-reward").FullName;

    private string Output => Path.Combine(_folder, "out");

    private string Clips => Path.Combine(_folder, "clips");

    private string Store => Path.Combine(_folder, "labels.sqlite");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task ViClipGoesOnOnPatchLabelsAndScoresPatches() => GoesOnOnPatchLabelsAndScoresPatches("viclip", "overall", "heads");

    [Theory]
    [Trait("Category", "Long")]
    [InlineData("videoreward", "VQ", "lora")]
    [InlineData("videoscore", "visual quality", "heads")]
    public Task ALanguageModelGoesOnOnPatchLabelsAndScoresPatches(string kind, string dimension, string train) => GoesOnOnPatchLabelsAndScoresPatches(kind, dimension, train);

    private async Task GoesOnOnPatchLabelsAndScoresPatches(string kind, string dimension, string train)
    {
        Ffmpeg.Require();
        await Write(dimension);
        string[] arguments = Arguments($"{kind}:{Backbone(kind)}", "--train", train, "--lora-rank", "2", "--out", Output);
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("12 clips: 8 to learn from, 2 to stop by, 2 to judge by (split by prompt). To learn from: 64 graded patches, 8 ratings, 4 comparisons.", result.StandardError, StringComparison.Ordinal);
        JsonNode report = Report();
        Assert.Equal("2x2x2", report["grid"]!.GetValue<string>());
        JsonNode model = Assert.Single(report["models"]!.AsArray())!;
        Assert.Equal(("continued", 64), (model["arm"]!.GetValue<string>(), model["labelledPatches"]!.GetValue<int>()));
        string[] measures = [.. model["measures"]!.AsArray().Select(measure => measure!["name"]!.GetValue<string>())];
        foreach (string expected in new[] { "patches: rank correlation over all cells", "patches: same place", "pairwise accuracy without ties", "pairwise accuracy with ties, threshold from training pairs", "as published", "rank correlation with ratings" })
        {
            Assert.Contains(measures, name => name.Contains(expected, StringComparison.Ordinal));
        }

        Assert.Equal(2, model["consistency"]!["clips"]!.GetValue<int>());
        Assert.True(model["consistency"]!["wasserstein"]!.GetValue<double>() >= 0);

        // Each of the four changes, of each score, on the test clips.
        JsonNode[] controls = [.. report["controls"]!.AsArray().Select(row => row!)];
        Assert.Equal(["otherPrompt", "shuffledFrames", "reversedTime", "blackVideo"], controls.Select(row => row["change"]!.GetValue<string>()).Distinct());
        Assert.Contains("local defect worst", controls.Select(row => row["dimension"]!.GetValue<string>()));
        string page = await File.ReadAllTextAsync(Path.Combine(Output, "report.html"), Cancellation);
        foreach (string heading in new[] { "Agreement", "Consistency", "Controls", "Test clips", "agreement on validation prompts" })
        {
            Assert.Contains(heading, page, StringComparison.Ordinal);
        }

        string metrics = await File.ReadAllTextAsync(Directory.GetFiles(Path.Combine(Output, "stages"), "metrics.jsonl", SearchOption.AllDirectories).Single(), Cancellation);
        Assert.Equal(8, metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.All(new[] { "pair_loss", "rating_loss", "patch_loss" }, loss => Assert.Contains(loss, metrics, StringComparison.Ordinal));

        // The model scores any clips on any grid, keeps what it scored, and shows heat maps.
        string scores = Path.Combine(_folder, "scores");
        string[] scoring = ["score", Clips, "--prompt", "a dog runs", "--with", $"patch:{Path.Combine(Output, RewardTraining.ModelFolder)}", "--grid", "1x3x2", "--controls", "2", "--threads", "1", "--out", scores];
        result = await HaloLabProgram.Run(scoring);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Contains("12 of 12 clips have all scores.", result.StandardOutput, StringComparison.Ordinal);
        string first = await File.ReadAllTextAsync(Path.Combine(scores, "scores.json"), Cancellation);
        JsonNode scored = JsonNode.Parse(first)!["clips"]![0]!;
        double[] patches = [.. scored["patchRewards"]!.AsArray().Select(value => value!.GetValue<double>())];
        double[] numbers = [.. scored["scores"]!["patch"]!.AsArray().Select(value => value!.GetValue<double>())];
        Assert.Equal(6, patches.Length);
        Assert.Equal((patches.Average(), patches.Min()), (numbers[^2], numbers[^1]));
        Assert.Contains("halo-heat", await File.ReadAllTextAsync(Path.Combine(scores, "scores.html"), Cancellation), StringComparison.Ordinal);
        Assert.True((await HaloLabProgram.Run(scoring)).IsSuccess);
        Assert.Equal(first, await File.ReadAllTextAsync(Path.Combine(scores, "scores.json"), Cancellation));
    }

    [Fact]
    public async Task AKilledRunEndsInTheSameBytesAndAFinishedOneIsRead()
    {
        Ffmpeg.Require();
        await Write("overall");
        string[] arguments = [.. Arguments("toy:" + Backbone("toy"), "--arms", "continued,patch-only,joint", "--label-budgets", "16"), "--patience", "2"];
        Assert.True((await HaloLabProgram.Run([.. arguments, "--out", Path.Combine(_folder, "whole")])) is { IsSuccess: true } whole, "the undisturbed run");
        string[] killed = [.. arguments, "--out", Path.Combine(_folder, "killed")];
        foreach (int stages in new[] { 0, 2, 4 })
        {
            using Process run = Process.Start(HaloLabProgram.Interruptible(killed))!;
            while (!run.HasExited && Count() < stages + 1)
            {
                await Task.Delay(20, Cancellation);
            }

            await Task.Delay(150, Cancellation);
            Assert.False(run.HasExited, "the run was done before it could be killed");
            run.Kill();
            await run.WaitForExitAsync(Cancellation);
        }

        BufferedCommandResult last = await HaloLabProgram.Run(killed);
        Assert.True(last.IsSuccess, last.StandardError);
        Assert.Contains("found finished", last.StandardError, StringComparison.Ordinal);
        Assert.Equal(Hashes("whole"), Hashes("killed"));
        JsonNode report = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "killed", "report.json"), Cancellation))!;
        Assert.Equal(3 * 2, report["models"]!.AsArray().Count);
        Assert.Equal(3, report["labelEfficiency"]!["lines"]!.AsArray().Count);
        Assert.Equal(["continued", "patch-only", "joint"], report["models"]!.AsArray().Select(model => model!["arm"]!.GetValue<string>()).Distinct());
        Assert.Contains("Label efficiency", await File.ReadAllTextAsync(Path.Combine(_folder, "killed", "report.html"), Cancellation), StringComparison.Ordinal);

        int Count() => Directory.Exists(Path.Combine(_folder, "killed", "stages")) ? Directory.GetDirectories(Path.Combine(_folder, "killed", "stages")).Length : 0;

        // Models, evaluations, metrics, report: everything but stage.json, which holds times, and the manifest.
        SortedDictionary<string, string> Hashes(string run) => new(
            Directory.GetFiles(Path.Combine(_folder, run), "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) is not ("stage.json" or "manifest.json" or "compute.json"))
                .ToDictionary(file => Path.GetRelativePath(Path.Combine(_folder, run), file), file => FileHash.Of(file)),
            StringComparer.Ordinal);
    }

    [Fact]
    public async Task CtrlCStopsAtOnceAndTheSameCommandGoesOn()
    {
        Ffmpeg.Require();
        await Write("overall");
        string[] arguments = [.. Arguments("toy:" + Backbone("toy"), "--patience", "0"), "--out", Output];
        arguments[Array.IndexOf(arguments, "--steps") + 1] = "4000";
        using (Process run = Process.Start(HaloLabProgram.Interruptible(arguments))!)
        {
            string stages = Path.Combine(Output, "stages");
            while (!run.HasExited && !(Directory.Exists(stages) && Directory.GetFiles(stages, "metrics.jsonl", SearchOption.AllDirectories).Any(file => new FileInfo(file).Length > 500)))
            {
                await Task.Delay(50, Cancellation);
            }

            using (Process kill = Process.Start("kill", ["-INT", run.Id.ToString(CultureInfo.InvariantCulture)]))
            {
                await kill.WaitForExitAsync(Cancellation);
            }

            Task<string> errors = run.StandardError.ReadToEndAsync(Cancellation);
            await run.WaitForExitAsync(Cancellation);
            Assert.Equal(130, run.ExitCode);
            Assert.Contains("goes on from here", await errors, StringComparison.Ordinal);
            Assert.NotEmpty(Directory.GetFiles(stages, "training.safetensors", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public async Task AStaleCacheAndChangedLabelsAreNotMixedUp()
    {
        Ffmpeg.Require();
        await Write("visual quality");
        string backbone = Backbone("videoscore");
        string[] arguments = [.. Arguments("videoscore:" + backbone), "--out", Output];
        Assert.True((await HaloLabProgram.Run(arguments)) is { IsSuccess: true });
        string[] trained = Directory.GetDirectories(Path.Combine(Output, "stages"));

        // One more label is another training, on the same features.
        using (LabelStore store = LabelStore.Open(Store))
        {
            StoredLabel any = store.Read(LabelQuery.All).First(label => label.Label.Grid is not null);
            store.Append([any.Label with { Annotator = "zoe", Value = 1 }], "test");
        }

        DateTime[] written = [.. Directory.GetFiles(Path.Combine(Output, "backbone")).Order(StringComparer.Ordinal).Select(File.GetLastWriteTimeUtc)];
        Assert.True((await HaloLabProgram.Run(arguments)) is { IsSuccess: true });
        Assert.Equal(2 * trained.Length, Directory.GetDirectories(Path.Combine(Output, "stages")).Length);
        Assert.Equal(written, Directory.GetFiles(Path.Combine(Output, "backbone")).Order(StringComparer.Ordinal).Select(File.GetLastWriteTimeUtc));

        // Another backbone is refused, and so is scoring with the model that stood on the old one.
        await File.AppendAllTextAsync(Path.Combine(backbone, "config.json"), " ", Cancellation);
        BufferedCommandResult stale = await HaloLabProgram.Run(arguments);
        Assert.Equal(2, stale.ExitCode);
        Assert.Contains("is stale", stale.StandardError, StringComparison.Ordinal);
        BufferedCommandResult score = await HaloLabProgram.Run("score", Clips, "--prompt", "a", "--with", $"patch:{Path.Combine(Output, "model")}", "--out", Output + "-2");
        Assert.Equal(2, score.ExitCode);
        Assert.Contains("config.json: is not the file that", score.StandardError, StringComparison.Ordinal);
    }

    /// <summary>One message, exit code 2; nothing is written unless videos had to be looked for first.</summary>
    [Fact]
    public async Task WhatIsWrongIsNamed()
    {
        Ffmpeg.Require();
        await Write("overall");
        string nothing = Directory.CreateDirectory(Path.Combine(_folder, "nothing")).FullName;
        string empty = Path.Combine(_folder, "empty.sqlite");
        LabelStore.OpenOrCreate(empty).Dispose();
        string toy = Backbone("toy");
        (string Expected, string Option, string Value, bool Writes)[] cases =
        [
            ("expected videoreward:FOLDER, videoscore:FOLDER, viclip:FOLDER, toy", "--backbone", "clip", false),
            ("/nowhere: no such folder. Expected the folder of videoscore", "--backbone", "videoscore:/nowhere", false),
            ("model_config.json", "--backbone", "videoreward:{toy}", false),
            ("holds no checkpoint", "--backbone", "viclip:{clips-of-nothing}", false),
            ("no such", "store", "/nowhere/labels.sqlite", false),
            ("holds no label", "store", "{empty}", false),
            ("no such file or folder", "--clips", "/nowhere", true),
            ("12 of 12 labelled clips are in none of", "--clips", "{clips-of-nothing}", true),
            ("no patch graded on 'mood'", "--patch-dimensions", "mood", false),
            ("no label of 'zoe'", "--annotators", "zoe", false),
            ("expected NAME=WEIGHT", "--annotator-weights", "anna", false),
            ("--arms patches: expected continued, patch-only, joint", "--arms", "patches", false),
            ("--train head: expected heads, lora, all", "--train", "head", false),
            ("--pair-loss x: expected btt, bt, margin, constant-margin, scaled", "--pair-loss", "x", false),
            ("The tie parameter is 1: expected above 1", "--tie-parameter", "1", false),
            ("The number of steps is 0", "--steps", "0", false),
            ("The learning rate is NaN", "--learning-rate", "NaN", false),
            ("Adapters of rank 0", "--lora-rank", "0", false),
            ("the training prompts have 64", "--label-budgets", "500", false),
            ("whole numbers", "--label-budgets", "many", false),
            ("--stride 4: expected frames x pixels", "--stride", "4", false),
            ("Shares of", "--test-share", "0.9", false),
        ];
        await Parallel.ForEachAsync(cases.Index(), new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = Cancellation }, async (item, _) =>
        {
            (int i, (string expected, string option, string value, bool writes)) = item;
            string output = $"{Output}-{i}";
            string given = value.Replace("{toy}", toy, StringComparison.Ordinal).Replace("{clips-of-nothing}", nothing, StringComparison.Ordinal).Replace("{empty}", empty, StringComparison.Ordinal);
            List<string> arguments = [.. Arguments("toy:" + toy)];
            int place = arguments.IndexOf(option);
            if (option == "store")
            {
                arguments[2] = given;
            }
            else if (place >= 0)
            {
                arguments[place + 1] = given;
            }
            else
            {
                arguments.AddRange([option, given]);
            }

            if (!writes)
            {
                await HaloLabProgram.Refuses(expected, output, [.. arguments]);
            }
            else
            {
                BufferedCommandResult result = await HaloLabProgram.Run([.. arguments, "--out", output]);
                Assert.True(result.ExitCode == 2, result.StandardError);
                Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
                Assert.False(Directory.Exists(Path.Combine(output, "stages")));
            }
        });
    }

    [Fact]
    public async Task NotANumberAFolderInTheWayAndACellTooSmallAreNamed()
    {
        Ffmpeg.Require();
        await Write("overall");
        string file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "in the way", Cancellation);
        await HaloLabProgram.Refuses(file, Path.Combine(file, "out"), Arguments("toy:" + Backbone("toy")));

        // A grade that is no number never gets into a store.
        string table = Path.Combine(_folder, "nan.csv");
        await File.WriteAllTextAsync(table, $"clip,prompt,grid,cell,dimension,value,annotator,annotator_kind\n{new string('a', 64)},p,2x2x2,0,local defect,NaN,anna,human\n", Cancellation);
        BufferedCommandResult nan = await HaloLabProgram.Run("data", "import", table, "--store", Store);
        Assert.Equal(2, nan.ExitCode);
        Assert.Contains("NaN", nan.StandardError, StringComparison.Ordinal);
        BufferedCommandResult stride = await HaloLabProgram.Run([.. Arguments("toy:" + Backbone("toy"), "--stride", "1x64"), "--out", Output]);
        Assert.Equal(2, stride.ExitCode);
        Assert.Contains("labels on 2x2x2", stride.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task VideoRewardGoesOnOnVideoAlignsPairsAndResumesExactly()
    {
        Ffmpeg.Require();
        string table = TestData.Require("videoalign", "example.csv");
        Assert.True((await HaloLabProgram.Run("data", "import", table, "--store", Store)) is { IsSuccess: true } imported, "import");
        string[] arguments =
        [
            "reward", "train", Store, "--clips", Path.GetDirectoryName(table)!, "--backbone", "videoreward:" + Backbone("videoreward"), "--train", "heads", "--steps", "8", "--batch-size", "2", "--evaluate-every", "4",
            "--controls", "1", "--threads", "1",
        ];
        BufferedCommandResult whole = await HaloLabProgram.Run([.. arguments, "--out", Output]);
        Assert.True(whole.IsSuccess, whole.StandardError);
        Assert.Contains("6 clips: 2 to learn from, 2 to stop by, 2 to judge by", whole.StandardError, StringComparison.Ordinal);
        string heads = FileHash.Of(Path.Combine(Output, "model", "heads.safetensors"));
        JsonNode model = Report()["models"]![0]!;
        Assert.Contains(model["measures"]!.AsArray(), measure => measure!["name"]!.GetValue<string>() == "VQ: pairwise accuracy without ties" || measure["name"]!.GetValue<string>() == "TA: pairwise accuracy without ties");

        // Killed while it trains, it ends in the same heads.
        string second = Output + "-2";
        using (Process run = Process.Start(HaloLabProgram.Interruptible([.. arguments, "--out", second]))!)
        {
            while (!run.HasExited && !(Directory.Exists(Path.Combine(second, "stages")) && Directory.GetDirectories(Path.Combine(second, "stages")).Length > 0))
            {
                await Task.Delay(20, Cancellation);
            }

            run.Kill();
            await run.WaitForExitAsync(Cancellation);
        }

        BufferedCommandResult again = await HaloLabProgram.Run([.. arguments, "--out", second]);
        Assert.True(again.IsSuccess, again.StandardError);
        Assert.Equal(heads, FileHash.Of(Path.Combine(second, "model", "heads.safetensors")));
    }

    private string[] Arguments(string backbone, params string[] more) =>
    [
        "reward", "train", Store, "--clips", Clips, "--backbone", backbone, "--steps", "8", "--batch-size", "6", "--evaluate-every", "4", "--controls", "3", "--threads", "1", .. more,
    ];

    private JsonNode Report() => JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "report.json")))!;

    private string Backbone(string kind)
    {
        string folder = Path.Combine(_folder, kind);
        switch (kind)
        {
            case "videoreward":
                return TinyScorers.WithShortWording(TinyScorers.VideoReward(_folder));
            case "videoscore":
                return TinyScorers.WithShortWording(TinyScorers.VideoScore(_folder));
            case "viclip":
                return TinyScorers.ViClip(_folder);
            default:
                if (!Directory.Exists(folder))
                {
                    RandomToyCheckpoints.Write(folder);
                }

                return folder;
        }
    }

    /// <summary>Two clips for each prompt, with grades of every patch from two people, a rating of each clip, and a comparison of the two.</summary>
    private async Task Write(string dimension)
    {
        Directory.CreateDirectory(Clips);
        List<Label> labels = [];
        for (int prompt = 0; prompt < Prompts; prompt++)
        {
            string[] hashes = new string[2];
            for (int i = 0; i < 2; i++)
            {
                string path = Path.Combine(Clips, $"clip-{prompt}-{i}.png");
                await VideoFile.WriteAsync(TinyScorers.NoiseClip((2 * prompt) + i), path, Cancellation);
                hashes[i] = (await VideoFile.ReadAsync(path, Cancellation)).ContentHash;
            }

            for (int i = 0; i < 2; i++)
            {
                Label one = new() { Clip = hashes[i], Prompt = $"a red circle moving left, number {prompt}", Dimension = "local defect", Annotator = "anna", AnnotatorKind = AnnotatorKind.Human, Scale = Grades };
                labels.AddRange(Enumerable.Range(0, Grid.Count).Select(cell => one with { Grid = Grid, Cell = cell, Value = 1 + ((cell + i + prompt) % 5) }));
                labels.AddRange(Enumerable.Range(0, Grid.Count / 2).Select(cell => one with { Grid = Grid, Cell = cell, Value = 1 + ((cell + i) % 5), Annotator = "bert", Confidence = 0.5 }));
                labels.Add(one with { Dimension = dimension, Value = 1 + ((prompt + (2 * i)) % 5) });
            }

            labels.Add(new Label
            {
                Clip = hashes[0],
                OtherClip = hashes[1],
                Prompt = $"a red circle moving left, number {prompt}",
                Dimension = dimension,
                Choice = (PairChoice)(prompt % 3),
                Annotator = "anna",
                AnnotatorKind = AnnotatorKind.Human,
            });
        }

        using LabelStore store = LabelStore.OpenOrCreate(Store);
        store.Append(labels, "test");
    }
}
