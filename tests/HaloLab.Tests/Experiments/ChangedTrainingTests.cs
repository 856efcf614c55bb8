using System.Text.Json.Nodes;
using CliWrap.Buffered;
using HaloLab.Experiments;
using HaloLab.GranDpo;
using HaloLab.Optimisation;
using HaloLab.Preferences;
using HaloLab.Tests.Cli;
using HaloLab.Tests.ToyWorld;
using HaloLab.Tests.Videos;
using HaloLab.ToyWorld;

namespace HaloLab.Tests.Experiments;

/// <summary>A training that is asked for otherwise than it was begun.</summary>
public sealed class ChangedTrainingTests : IDisposable
{
    private const int Steps = 5;
    private const int StopAfter = 2;
    private static readonly GranDpoTrainerOptions Begun = new() { Seed = 3, Steps = Steps, BatchPairs = 2, WarmUpSteps = 0, LearningRate = 1e-4 };
    private static readonly GranDpoTrainerOptions Faster = Begun with { LearningRate = 2e-4 };
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-changed").FullName;
    private readonly TunableToyGenerator _model;

    public ChangedTrainingTests()
    {
        RandomToyCheckpoints.Write(Checkpoints);
        _model = new TunableToyGenerator(Checkpoints);
    }

    private string Checkpoints => Path.Combine(_folder, "checkpoints");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task OtherSettingsAreRefusedByNameOrGoneOnWith()
    {
        Ffmpeg.Require();
        VideoPairTable table = await Table("VQ");
        Stop("run", table, Begun, StopAfter);
        string[] undisturbed = [.. File.ReadLines(Path.Combine(Unfinished("run"), TrainingLoop.MetricsFile))];
        Assert.Equal(StopAfter, undisturbed.Length);

        GranDpoTrainerOptions other = Faster with { Objective = Faster.Objective with { BetaPatch = 12 } };
        string message = Refusal("run", table, other, "Objective.BetaPatch");
        Assert.Contains("LearningRate was 0.0001, is 0.0002.", message, StringComparison.Ordinal);
        Assert.Contains("(--allow-changed LearningRate)", message, StringComparison.Ordinal);
        message = Refusal("run", table, other);
        Assert.Contains("(--allow-changed LearningRate --allow-changed Objective.BetaPatch)", message, StringComparison.Ordinal);
        Assert.DoesNotContain("BatchPairs", message, StringComparison.Ordinal);

        // Nothing was lost by asking; stopped once more on the way, it ends in the same bytes.
        string copy = Path.Combine(_folder, "copy");
        Copy(Path.Combine(_folder, "run"), copy);
        Stop("copy", table, Faster, StopAfter + 1, "learningrate");
        foreach (string folder in new[] { "run", "copy" })
        {
            Run(folder, table, Faster, "learningrate");
        }

        string finished = Tuned("run");
        IReadOnlyList<JsonObject> metrics = TrainingLoop.ReadMetrics(finished);
        Assert.Equal([1e-4, 1e-4, 2e-4, 2e-4, 2e-4], metrics.Select(line => line["learning_rate"]!.GetValue<double>()));
        Assert.Equal(undisturbed, File.ReadLines(Path.Combine(finished, TrainingLoop.MetricsFile)).Take(StopAfter));
        TrainingChange change = Assert.Single(TrainingChange.Read(finished));
        Assert.Equal((StopAfter, "LearningRate was 0.0001, is 0.0002"), (change.Steps, Assert.Single(change.Changes)));
        Assert.Equal(Hashes(finished), Hashes(Tuned("copy")));
        JsonNode manifest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "run", "manifest.json"), Cancellation))!;
        Assert.Equal(StopAfter, manifest["settings"]!["changes"]![0]!["steps"]!.GetValue<int>());

        // It is not what the new settings give from the start.
        Run("fresh", table, Faster);
        Assert.NotEqual(Hashes(finished)["weights.safetensors"], Hashes(Tuned("fresh"))["weights.safetensors"]);
        Assert.Contains("holds no unfinished training", Assert.Throws<InputException>(() => Run("other", table, Begun, "Steps")).Message, StringComparison.Ordinal);
    }

    /// <summary>Nothing of a step depends on how many follow, so more of them are what as many would have been from the start.</summary>
    [Fact]
    public async Task MoreStepsAreThoseOfALongerTraining()
    {
        Ffmpeg.Require();
        VideoPairTable table = await Table("VQ");
        GranDpoTrainerOptions longer = Begun with { Steps = Steps + 2 };
        Stop("run", table, Begun, Steps - 1);
        Assert.Contains("Steps was 5, is 7", Refusal("run", table, longer), StringComparison.Ordinal);
        Run("run", table, longer, "Steps");
        Run("whole", table, longer);
        SortedDictionary<string, string> hashes = Hashes(Tuned("run"));
        Assert.True(hashes.Remove(TrainingChange.FileName));
        Assert.Equal(Hashes(Tuned("whole")), hashes);
    }

    [Fact]
    public async Task OtherPairsAndOtherCodeAreNamed()
    {
        Ffmpeg.Require();
        Stop("run", await Table("VQ"), Begun, StopAfter);
        VideoPairTable other = await Table("MQ");
        string message = Refusal("run", other, Begun);
        Assert.Contains("pairs was ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("encoded-videos", message, StringComparison.Ordinal);
        Stop("run", other, Begun, StopAfter + 1, "pairs");

        // As a program of before would have begun it.
        string begun = Path.Combine(Unfinished("run"), StageBeginning.FileName);
        JsonFile.Write(begun, StageBeginning.Read(Unfinished("run")) with { HaloLab = "0.0.1+abc" });
        message = Refusal("run", other, Begun, "pairs");
        Assert.Contains("code was 0.0.1+abc", message, StringComparison.Ordinal);
        Run("run", other, Begun, "pairs", "code");
        IReadOnlyList<TrainingChange> changes = TrainingChange.Read(Tuned("run"));
        Assert.Equal([StopAfter, StopAfter + 1], changes.Select(change => (int)change.Steps));
        Assert.StartsWith("pairs was ", Assert.Single(changes[0].Changes), StringComparison.Ordinal);
        Assert.StartsWith("code was 0.0.1+abc", Assert.Single(changes[1].Changes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheWatchGoesOnToo()
    {
        Ffmpeg.Require();
        VideoPairTable table = await Table("VQ");
        Stop("run", table, Begun with { Steps = 3 }, StopAfter);
        string before = await File.ReadAllTextAsync(Series(), Cancellation);
        Assert.Single(before.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Run("run", table, Faster with { Steps = 3 }, "LearningRate");
        string after = await File.ReadAllTextAsync(Series(), Cancellation);
        Assert.StartsWith(before, after, StringComparison.Ordinal);
        Assert.Equal([0, 2, 3], after.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!["step"]!.GetValue<int>()));

        string Series() => Path.Combine(Assert.Single(Directory.GetDirectories(Path.Combine(_folder, "run", "watch"))), "series.jsonl");
    }

    [Fact]
    public async Task TheProgramSaysWhatToDo()
    {
        Ffmpeg.Require();
        VideoPairTable table = await Table("VQ");
        Stop("run", table, Begun, StopAfter);
        string[] arguments = ["train", "--pairs", Path.Combine(_folder, "pairs.csv"), "--reward", "VQ", "--model", Checkpoints, "--seed", "3", "--batch-pairs", "2", "--learning-rate", "1e-4", "--steps", "4", "--out", Path.Combine(_folder, "run")];
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.ExitCode == 2, result.StandardError);
        Assert.Contains("Steps was 5, is 4; WarmUpSteps was 0, is 10", result.StandardError, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.StandardError, StringComparison.Ordinal);
        result = await HaloLabProgram.Run([.. arguments, "--allow-changed", "Steps", "--allow-changed", "WarmUpSteps"]);
        Assert.True(result.IsSuccess, result.StandardError);
        Assert.Equal(StopAfter, Assert.Single(TrainingChange.Read(Tuned("run"))).Steps);
    }

    private async Task<VideoPairTable> Table(string dimension) => VideoPairFile.Read(await PairFolder.Write(_folder, 3), RewardAggregation.Parse(dimension));

    private void Run(string folder, VideoPairTable table, GranDpoTrainerOptions options, params string[] allowed) =>
        Run(folder, table, options, new LineProgress(TextWriter.Null), allowed, CancellationToken.None);

    private void Stop(string folder, VideoPairTable table, GranDpoTrainerOptions options, int steps, params string[] allowed)
    {
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() => Run(folder, table, options, new StopAtStep(steps, options.Steps, stop), allowed, stop.Token));
        Assert.Equal(steps, TrainingLoop.ReadMetrics(Unfinished(folder)).Count);
    }

    private string Refusal(string folder, VideoPairTable table, GranDpoTrainerOptions options, params string[] allowed)
    {
        SortedDictionary<string, string> before = Hashes(Unfinished(folder));
        string message = Assert.Throws<InputException>(() => Run(folder, table, options, allowed)).Message;
        Assert.Equal(before, Hashes(Unfinished(folder)));
        return message;
    }

    private void Run(string folder, VideoPairTable table, GranDpoTrainerOptions options, IRunProgress progress, string[] allowed, CancellationToken cancellation)
    {
        string[] captions = [.. ToyClips.Captions(40).Select(caption => caption.ToString()).Distinct().Take(TrainingWatch.LeastPrompts)];
        TrainingWatch watch = new(_model, ScorerFolder.Parse("flickering,smoothness"), scorer => scorer.Open(), "flickering", captions, every: 2, seed: 3, _ => { });
        bool isWatched = TestContext.Current.TestMethod!.MethodName == nameof(TheWatchGoesOnToo);
        new VideoPairTraining(table, _model, options, isWatched ? watch : null, ranks: null, allowed).Run(Path.Combine(_folder, folder), "train", progress, cancellation);
    }

    private string Unfinished(string folder) => Assert.Single(Directory.GetDirectories(Path.Combine(_folder, folder, "stages"), "tuned-*.partial"));

    private string Tuned(string folder)
    {
        string tuned = Assert.Single(Directory.GetDirectories(Path.Combine(_folder, folder, "stages"), "tuned-*"));
        Assert.DoesNotContain(Directory.GetFiles(tuned), path => Path.GetFileName(path) == StageBeginning.FileName || TrainingLoop.CheckpointFiles.Contains(Path.GetFileName(path)));
        return tuned;
    }

    private static SortedDictionary<string, string> Hashes(string folder) =>
        new(Directory.GetFiles(folder).Where(path => Path.GetFileName(path) != StageManifest.FileName).ToDictionary(path => Path.GetFileName(path), path => FileHash.Of(path)));

    private static void Copy(string from, string to)
    {
        foreach (string path in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }
    }

    /// <summary>Stops the training after so many of its steps.</summary>
    private sealed class StopAtStep(int steps, int of, CancellationTokenSource stop) : IRunProgress
    {
        public void StageStarted(string name, string? folder, double secondsLeft)
        {
        }

        public void StageAdvanced(string name, double share, double secondsLeft)
        {
            if (name == "tuned" && share * of >= steps - 0.5)
            {
                stop.Cancel();
            }
        }

        public void StageFinished(StageResult result)
        {
        }
    }
}
