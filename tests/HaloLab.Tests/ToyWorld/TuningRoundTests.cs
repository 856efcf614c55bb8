using System.Security.Cryptography;
using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.Optimisation;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Tests.ToyWorld;

/// <summary>Tuning in rounds, each on pairs that the generator as tuned so far gave: which stages there are, and that they end in the same bytes whatever stops them.</summary>
public sealed class TuningRoundTests : IDisposable
{
    private static readonly ReproductionSettings Settings = ReproductionSettings.Smoke with { Arms = [ReproductionArm.Halo] };

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-rounds-").FullName;
    private readonly ToyGeneratorFiles _generator;

    public TuningRoundTests()
    {
        RandomToyCheckpoints.Write(_folder);
        _generator = ToyGeneratorFiles.Open(_folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(50, 0, 50)]
    [InlineData(50, 1, 25, 25)]
    [InlineData(3, 1, 1, 2)]
    [InlineData(10, 3, 2, 3, 2, 3)]
    [InlineData(2, 1, 1, 1)]
    public void RoundsShareTheSteps(int steps, int refreshes, params int[] expected) => Assert.Equal(expected, (Settings with { TuningSteps = steps, Refreshes = refreshes }).StepsOfRounds());

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void EveryRoundNeedsAStep(int refreshes) =>
        Assert.Contains("fewer than the 3 steps", Assert.Throws<InputException>(() => (Settings with { Refreshes = refreshes }).StepsOfRounds()).Message, StringComparison.Ordinal);

    /// <summary>What was finished before there were rounds is found again: a stage's name, version, settings and inputs are its folder.</summary>
    [Fact]
    public void WithoutRefreshesTheStagesAreThoseOfBefore()
    {
        string options = """{"Seed":1,"Steps":3,"BatchPairs":2,"LearningRate":5E-05,"WarmUpSteps":10,"Optimiser":{"Beta1":0.9,"Beta2":0.999,"Epsilon":1E-08,"WeightDecay":0,"MaximumGradientNorm":1},"Objective":{"Lambda":0.5,"BetaVideo":500,"BetaPatch":100,"TauVideo":0,"TauPatch":0.5,"Weighting":0,"Form":0,"LabelSmoothing":0,"Terms":0,"Eta":0.1},"Grid":{"Time":4,"Height":4,"Width":4,"Count":64},"VideoReward":0,"DrawsPerPair":8,"Reference":0,"ReferencePartition":{"Time":4,"Height":4,"Width":4,"Count":64},"LoraRank":null,"LoraAlpha":null,"LoraLayers":["attn"],"AverageDecay":null}""";
        Assert.Equal(
            [
                """candidates-s1 1 {"seed":1,"generator":"HASH","prompts":4,"layoutsPerPrompt":2,"clipsPerLayout":2,"resampleShare":0.75,"guidance":5}: """,
                """pairs-s1 1 {"layout":"Shared","grid":"4x4x4"}: candidates-s1, reward-continued-4-s1""",
                """reference-s1 1 {"seed":1,"generator":"HASH","steps":3,"batchPairs":2,"grid":"4x4x4"}: candidates-s1, pairs-s1""",
                $$"""tuned-halo-s1 2 {"seed":1,"generator":"HASH","options":{{options}}}: candidates-s1, pairs-s1, reference-s1""",
                """samples-halo-s1 1 {"seed":1,"generator":"HASH","split":"Reporting","prompts":4,"samplesPerPrompt":2,"guidance":5}: tuned-halo-s1""",
            ],
            Described(Settings).Where(stage => !stage.StartsWith("labels", StringComparison.Ordinal) && !stage.StartsWith("reward", StringComparison.Ordinal) && !stage.StartsWith("judge", StringComparison.Ordinal)));
    }

    [Fact]
    public void LaterRoundsLearnFromWhatTheTunedGeneratorDraws()
    {
        ReproductionSettings settings = Settings with { Refreshes = 2 };
        string[] stages = [.. Described(settings)];
        string Inputs(string name) => Assert.Single(stages, stage => stage.StartsWith(name + " ", StringComparison.Ordinal)).Split("}: ")[^1];
        Assert.Equal("candidates-s1, pairs-s1, reference-s1", Inputs("tuned-halo-s1"));
        foreach ((string before, string number) in new[] { ("tuned-halo-s1", "2"), ("tuned-halo-2-s1", "3") })
        {
            Assert.Equal(before, Inputs($"candidates-halo-{number}-s1"));
            Assert.Equal($"candidates-halo-{number}-s1, reward-continued-4-s1", Inputs($"pairs-halo-{number}-s1"));
            Assert.Equal($"candidates-halo-{number}-s1, pairs-halo-{number}-s1, {before}", Inputs($"reference-halo-{number}-s1"));
            Assert.Equal($"candidates-halo-{number}-s1, pairs-halo-{number}-s1, reference-halo-{number}-s1, {before}", Inputs($"tuned-halo-{number}-s1"));
        }

        Assert.Equal("tuned-halo-3-s1", Inputs("samples-halo-s1"));
        Assert.All(stages.Where(stage => stage.StartsWith("tuned", StringComparison.Ordinal)), stage => Assert.Contains("\"Steps\":1,", stage, StringComparison.Ordinal));

        // Two arms share the first round's candidates, pairs and reference, and none of the second's: a graph's names are all different.
        SeedStages two = new(settings with { Arms = [ReproductionArm.Halo, ReproductionArm.PatchOnly] }, 1, _generator);
        string[] names = [.. RunStore.InOrder([two.JudgementOf("halo"), two.JudgementOf("patch-only")]).Select(stage => stage.Name)];
        Assert.Equal(names.Distinct(), names);
        Assert.Equal(5, names.Count(name => name.StartsWith("reference", StringComparison.Ordinal)));
    }

    /// <summary>Three rounds, stopped at every twentieth report of progress, again and again, until it gets through.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void InterruptedRoundsEndInTheSameBytesAsUndisturbedOnes()
    {
        string undisturbed = Path.Combine(_folder, "undisturbed");
        string interrupted = Path.Combine(_folder, "interrupted");
        Dictionary<string, string> folders = Run(undisturbed, int.MaxValue);
        Interruptions.UntilDone(() => Run(interrupted, 20));
        Assert.Equal(Files(undisturbed), Files(interrupted));
        foreach (string number in new[] { "2", "3" })
        {
            // Other clips than before, and a training that begins where its reference is.
            Assert.NotEqual(Clips(folders["candidates-s1"]), Clips(folders[$"candidates-halo-{number}-s1"]));
            JsonObject first = TrainingLoop.ReadMetrics(folders[$"tuned-halo-{number}-s1"])[0];
            Assert.Equal(first["video_reference_error_better"]!.GetValue<double>(), first["video_error_better"]!.GetValue<double>());
        }

        string[] Clips(string folder)
        {
            using ClipBundle bundle = CandidateStage.Load(folder);
            return [.. bundle.Clips.Select(clip => clip.ContentHash)];
        }
    }

    private Dictionary<string, string> Run(string folder, int reports)
    {
        using CancellationTokenSource cancellation = new();
        ReproductionSettings settings = Settings with { Refreshes = 2, Arms = [ReproductionArm.Halo with { TauPatch = 0 }] };
        return new RunStore(folder).Run([new SeedStages(settings, 1, _generator).JudgementOf("halo")], new StoppingProgress(reports, cancellation), cancellation.Token).ToDictionary(result => result.Name, result => result.Folder);
    }

    private IEnumerable<string> Described(ReproductionSettings settings) => RunStore.InOrder([new SeedStages(settings, 1, _generator).JudgementOf("halo")]).Select(stage => FormattableString.Invariant(
        $"{stage.Name} {stage.Version} {stage.Settings.ToJsonString().Replace(_generator.Hash, "HASH", StringComparison.Ordinal)}: {string.Join(", ", stage.Inputs.Select(input => input.Name).Order(StringComparer.Ordinal))}"));

    /// <summary>Every file of every stage but the manifests, which hold times.</summary>
    private static Dictionary<string, string> Files(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) != StageManifest.FileName)
            .ToDictionary(path => Path.GetRelativePath(folder, path), path => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))));
}
