using System.Diagnostics;
using System.Text.Json.Nodes;
using CliWrap;
using CliWrap.Buffered;
using HaloLab.Experiments;
using HaloLab.Tests.Generation;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Rewards;
using HaloLab.Tests.Videos;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>halolab run</c> and <c>halolab pairs</c> on tiny models in the published layouts.</summary>
public sealed class RunVerbTests : IDisposable
{
    private const string Key = "sk-test-fedcba9876543210";

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-run").FullName;
    private Process? _server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Model => Path.Combine(_folder, "model");

    private string Output => Path.Combine(_folder, "out");

    public void Dispose()
    {
        _server?.Kill();
        _server?.WaitForExit();
        _server?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task WanGoesFromPromptsToAComparisonAndOnAfterAKill()
    {
        Ffmpeg.Require();
        string[] arguments = [.. Arguments("wan-halo"), "--set", $"label.endpoint={await Serve()}/v1"];
        BufferedCommandResult planned = await Run([.. arguments, "--plan"]);
        Assert.True(planned.IsSuccess, planned.StandardError);
        Assert.Contains("6 training prompts: 12 candidates", planned.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("3 test prompts, 3 models: 9 clips", planned.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("GiB of memory", planned.StandardOutput, StringComparison.Ordinal);
        Assert.Equal(11, planned.StandardOutput.Split('\n').Count(line => line.Contains(". halolab ", StringComparison.Ordinal)));
        Assert.False(Directory.Exists(Output), "a plan wrote something");

        // Killed while it tunes the first arm.
        using (Process run = Start(arguments))
        {
            Task<string> said = run.StandardError.ReadToEndAsync(Cancellation);
            string stages = Path.Combine(Output, "arms", "halo", "stages");
            while (!run.HasExited && !Directory.Exists(stages))
            {
                await Task.Delay(20, Cancellation);
            }

            Assert.False(run.HasExited, run.HasExited ? await said : "");
            run.Kill();
            await run.WaitForExitAsync(Cancellation);
        }

        string labels = await File.ReadAllTextAsync(Path.Combine(Output, "labels", "labels.jsonl"), Cancellation);
        BufferedCommandResult result = await Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(labels, await File.ReadAllTextAsync(Path.Combine(Output, "labels", "labels.jsonl"), Cancellation));
        string[] adapters = [.. new[] { "halo", "diffusion-dpo" }.Select(arm => FileHash.Of(Path.Combine(Output, "arms", arm, "model", TunablePipeline.AdapterFile)))];
        Assert.NotEqual(adapters[0], adapters[1]);

        // Pairs carry rewards of the videos and of their patches, and name the clips that they are of.
        JsonNode[] pairs = [.. File.ReadLines(Path.Combine(Output, "pairs", "pairs.jsonl")).Select(line => JsonNode.Parse(line)!)];
        Assert.Equal(6, pairs.Length);
        Assert.All(pairs, pair =>
        {
            Assert.True(pair["reward_A"]!.GetValue<double>() > pair["reward_B"]!.GetValue<double>());
            Assert.Equal(8, pair["patch_rewards_A"]!.AsArray().Count);
            Assert.True(File.Exists(Path.Combine(Output, "pairs", pair["path_B"]!.GetValue<string>())));
        });

        JsonNode comparison = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "comparison", "comparison.json"), Cancellation))!;
        Assert.Equal(["untuned", "halo", "diffusion-dpo"], comparison["models"]!.AsArray().Select(model => model!["name"]!.GetValue<string>()));
        Assert.Contains(comparison["differences"]!.AsArray(), row => row!["score"]!.GetValue<string>() == "patch local defect mean");
        Assert.True(File.Exists(Path.Combine(Output, "comparison", "comparison.html")));
    }

    [Theory]
    [Trait("Category", "Long")]
    [InlineData("cogvideox-halo")]
    [InlineData("vc2-halo")]
    public async Task OtherGeneratorsGoTheSameWay(string recipe)
    {
        Ffmpeg.Require();
        BufferedCommandResult result = await Run([.. Arguments(recipe), "--set", $"label.endpoint={await Serve()}/v1"]);
        Assert.True(result.IsSuccess, result.StandardError);
        JsonNode comparison = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "comparison", "comparison.json"), Cancellation))!;
        Assert.Equal(["untuned", "halo", "diffusion-dpo"], comparison["models"]!.AsArray().Select(model => model!["name"]!.GetValue<string>()));
        Assert.Contains(comparison["differences"]!.AsArray(), row => row!["score"]!.GetValue<string>() == "patch local defect mean" && row["prompts"]!.GetValue<int>() == 3);
    }

    /// <summary>The same recipe as jobs of a real Slurm: <c>.ci/slurm</c> starts one and runs this.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task AClusterRunsARecipe()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("SLURM_CONF") is { Length: > 0 }, "SLURM_CONF names no cluster: .ci/slurm starts one");
        Ffmpeg.Require();
        string[] arguments = Arguments("wan-halo");
        BufferedCommandResult result = await Run(["slurm", "submit", .. arguments[1..], "--set", $"label.endpoint={await Serve()}/v1", "--tasks", "2", "--ranks", "2"]);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(13, result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        while ((await CliWrap.Cli.Wrap("squeue").WithArguments(["--noheader"]).ExecuteBufferedAsync(Cancellation)).StandardOutput.Trim().Length > 0)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), Cancellation);
        }

        string logs = string.Concat(Directory.GetFiles(Path.Combine(Output, "slurm", "logs")).Order(StringComparer.Ordinal).Select(file => $"== {Path.GetFileName(file)}\n{File.ReadAllText(file)}"));
        string comparison = Path.Combine(Output, "comparison", "comparison.json");
        Assert.True(File.Exists(comparison), logs);
        JsonNode report = JsonNode.Parse(await File.ReadAllTextAsync(comparison, Cancellation))!;
        Assert.Equal(["untuned", "halo", "diffusion-dpo"], report["models"]!.AsArray().Select(model => model!["name"]!.GetValue<string>()));
        Assert.Contains(report["differences"]!.AsArray(), row => row!["score"]!.GetValue<string>() == "patch local defect mean" && row["prompts"]!.GetValue<int>() == 3);

        // Both tasks graded, and two ranks trained.
        Assert.Equal(2, Directory.GetFiles(Path.Combine(Output, "labels", "shards"), "labels.jsonl", SearchOption.AllDirectories).Length);
        Assert.Equal(2, JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Output, "arms", "halo", "manifest.json"), Cancellation))!["settings"]!["ranks"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("are training prompts or nearly so", "--test-prompts", "overlapping.txt")]
    [InlineData("--arms better", "--arms", "better")]
    [InlineData("expected STEP.OPTION=VALUE", "--set", "cook.temperature=200")]
    [InlineData("Step train: Unrecognized command or argument '--speed'", "--set", "train.speed=9")]
    public async Task WrongInputIsOneMessageBeforeAnythingIsDone(string expected, string option, string value)
    {
        string[] arguments = Arguments("wan-halo");
        await File.WriteAllLinesAsync(Path.Combine(_folder, "overlapping.txt"), ["A red circle, moving left on a DARK background!", "snow"], Cancellation);
        int place = Array.IndexOf(arguments, option);
        string given = value.EndsWith(".txt", StringComparison.Ordinal) ? Path.Combine(_folder, value) : value;
        string[] changed = place >= 0 && option != "--set" ? [.. arguments[..(place + 1)], given, .. arguments[(place + 2)..]] : [.. arguments, option, given];
        BufferedCommandResult result = await Run(changed);
        Assert.True(result.ExitCode == 2, $"exit code {result.ExitCode}: {result.StandardError}");
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output), "something was written");
    }

    private string[] Arguments(string recipe)
    {
        (string goldens, string name) = recipe switch { "wan-halo" => ("wan", "e2e_unipc"), "cogvideox-halo" => ("cogvideox", "e2e_2b"), _ => ("videocrafter2", "e2e_vc2") };
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find(goldens, name).Single().Data);
        if (goldens == "videocrafter2")
        {
            PipelineFolder.WriteVideoCrafter2(golden, Model);
        }
        else
        {
            PipelineFolder.Write(golden, Model);
        }

        string prompts = Path.Combine(_folder, "prompts.txt");
        string test = Path.Combine(_folder, "test.txt");

        // The simulated service knows what these show.
        string[] kinds = ["red circle", "green square", "blue cross", "yellow triangle", "purple circle", "cyan square"];
        File.WriteAllLines(prompts, kinds.Select(kind => $"a {kind} moving left on a dark background"));
        File.WriteAllLines(test, kinds[..3].Select(kind => $"a {kind} moving up on a light background"));

        // CogVideoX decodes odd numbers of latent frames to as many frames as were asked for.
        string frames = goldens == "cogvideox" ? "9" : "5";
        string clip = $"frames={frames},size=48x32,steps=2";
        string[] settings =
        [
            .. clip.Split(',').Select(setting => "generate." + setting), "generate.count=2", .. clip.Split(',').Select(setting => "test." + setting),
            "label.model=simulated", "label.budget=1", "label.grid=2x2x2", "label.repeat-share=0", "label.duplicate-share=0",
            "reward.steps=4", "reward.batch-size=2", "reward.evaluate-every=2", "reward.controls=0", "pairs.grid=2x2x2", "pairs.most-per-prompt=1",
            "train.steps=3", "train.batch-pairs=2", $"train.frames={frames}", "train.size=48x32", "train.grid=2x2x2", "train.lora-rank=2", "train.learning-rate=0.01", "evaluate.controls=0",
            .. new[] { "generate", "reward", "pairs", "train", "test", "evaluate" }.Select(step => step + ".threads=1"),
        ];
        return
        [
            "run", recipe, "--model", Model, "--backbone", "videoreward:" + TinyScorers.WithShortWording(TinyScorers.VideoReward(_folder)), "--prompts", prompts, "--test-prompts", test, "--judges", "flickering",
            "--arms", "halo,diffusion-dpo", "--out", Output, .. settings.SelectMany(setting => new[] { "--set", setting }),
        ];
    }

    private async Task<string> Serve()
    {
        _server = Start(["teacher", "serve-simulated"]);
        return await _server.StandardOutput.ReadLineAsync(Cancellation) ?? throw new InvalidOperationException(await _server.StandardError.ReadToEndAsync(Cancellation));
    }

    private static Process Start(string[] arguments)
    {
        ProcessStartInfo info = HaloLabProgram.Interruptible(arguments);
        info.Environment["OPENAI_API_KEY"] = Key;
        info.Environment["HALOLAB_SIMULATED_KEY"] = Key;
        return Process.Start(info)!;
    }

    private static async Task<BufferedCommandResult> Run(string[] arguments) => await CliWrap.Cli.Wrap("dotnet")
        .WithArguments([Path.Combine(AppContext.BaseDirectory, "HaloLab.Cli.dll"), .. arguments])
        .WithEnvironmentVariables(variables => variables.Set("OPENAI_API_KEY", Key))
        .WithValidation(CommandResultValidation.None)
        .ExecuteBufferedAsync(Cancellation);
}
