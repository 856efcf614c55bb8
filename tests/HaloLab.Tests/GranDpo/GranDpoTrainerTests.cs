using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Preferences;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

public sealed class GranDpoTrainerTests : IDisposable
{
    private const int PairCount = TinyPairs.Count;
    private static readonly PatchGrid Grid = TinyPairs.Grid;
    private static readonly LatentLattice Lattice = TinyPairs.Lattice;
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-grandpo").FullName;

    public static TheoryData<GranDpoTrainerOptions> Arms()
    {
        GranDpoTrainerOptions gran = TinyPairs.Options();
        GranDpoOptions videoOnly = gran.Objective with { Terms = PreferenceTerms.VideoOnly };
        return new()
        {
            gran,
            gran with { LoraRank = 2, AverageDecay = 0.9 },
            gran with { LoraRank = 2, Reference = ReferenceMode.Computed },
            gran with { Objective = new() { Terms = PreferenceTerms.None, Eta = 1 } },
            gran with { Objective = videoOnly },
            gran with { Objective = videoOnly, VideoReward = VideoRewardSource.PatchMean },
            gran with { Objective = gran.Objective with { Terms = PreferenceTerms.PatchOnly, Eta = 0.1 } },
            gran with { Objective = gran.Objective with { Terms = PreferenceTerms.RegionOnly, TauPatch = 0.5 } },
            gran with { Grid = new PatchGrid(2, 1, 1), ReferencePartition = Grid },
            gran with { TwoPass = true },
            gran with { TwoPass = true, LoraRank = 2, Reference = ReferenceMode.Computed },
        };
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Arms), DisableDiscoveryEnumeration = true)]
    public void AKilledRunGoesOnToTheSameBytes(GranDpoTrainerOptions options)
    {
        string straight = Train("straight", options);
        string broken = Path.Combine(_folder, "broken");
        Assert.ThrowsAny<OperationCanceledException>(() => TrainUntil(broken, options, 7));
        byte[] checkpoint = File.ReadAllBytes(Path.Combine(broken, "training.safetensors"));
        Assert.ThrowsAny<OperationCanceledException>(() => TrainUntil(broken, options, 11));

        // A kill after step 11 whose last checkpoint was that of step 7: the metrics are ahead of it, their last line torn.
        File.WriteAllBytes(Path.Combine(broken, "training.safetensors"), checkpoint);
        File.AppendAllText(Path.Combine(broken, "metrics.jsonl"), "{\"step\":11,");
        Assert.Equal(12, File.ReadAllLines(Path.Combine(broken, "metrics.jsonl")).Length);
        Train("broken", options);
        string weights = options.LoraRank is null ? "weights.safetensors" : "adapter_model.safetensors";
        Assert.Equal(File.ReadAllBytes(Path.Combine(straight, weights)), File.ReadAllBytes(Path.Combine(broken, weights)));
        Assert.Equal(File.ReadAllText(Path.Combine(straight, "metrics.jsonl")), File.ReadAllText(Path.Combine(broken, "metrics.jsonl")));
        Assert.Equal(Enumerable.Range(0, 20).Select(step => (long)step), Lines(straight).Select(line => line.GetProperty("step").GetInt64()));

        // Killed between the last step and whatever comes after: the checkpoint is still there and gives the same weights again.
        File.Delete(Path.Combine(broken, weights));
        Train("broken", options);
        Assert.Equal(File.ReadAllBytes(Path.Combine(straight, weights)), File.ReadAllBytes(Path.Combine(broken, weights)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FirstStepIsLn2AndTrainingLearnsThePreferences(bool isTwoPass)
    {
        GranDpoTrainerOptions options = TinyPairs.Options() with { TwoPass = isTwoPass, Steps = 150, BatchPairs = PairCount, DrawsPerPair = 2, Objective = new() { BetaVideo = 20, BetaPatch = 5, Lambda = 0.5 } };
        JsonElement[] lines = Lines(Train("learn", options));
        Assert.Equal((float)Math.Log(2), (float)lines[0].GetProperty("loss").GetDouble(), 1e-7f);
        Assert.Equal(0.5, lines[0].GetProperty("video_accuracy").GetDouble());
        Assert.Equal(0.5, lines[0].GetProperty("patch_accuracy").GetDouble());
        Assert.Equal(0.0, lines[0].GetProperty("learning_rate").GetDouble());
        Assert.Equal(lines[0].GetProperty("video_reference_error_better").GetDouble(), lines[0].GetProperty("video_error_better").GetDouble());
        Assert.True(Last(lines, "loss") < 0.6, $"loss {Last(lines, "loss")}");
        Assert.True(Last(lines, "video_accuracy") > 0.7, $"accuracy {Last(lines, "video_accuracy")}");
    }

    [Fact]
    public void FineTuningLowersThePreferredClipsError()
    {
        JsonElement[] lines = Lines(Train("sft", TinyPairs.Options() with { Steps = 60, BatchPairs = PairCount, DrawsPerPair = 1, Objective = new() { Terms = PreferenceTerms.None, Eta = 1 } }));
        Assert.True(Last(lines, "video_error_better") < 0.9 * Last(lines, "video_reference_error_better"));
    }

    [Fact]
    public void AdaptersOffAreTheReferenceBitForBit()
    {
        using TinyDenoiser model = new();
        using TrainingPairs pairs = TinyPairs.Create();
        Tensor input = TinyPairs.Draw("probe", 2, 3, 2, 4, 4);
        Tensor timestep = tensor(new[] { 10f, 900f });
        Tensor context = TinyPairs.Draw("probe context", 2, 2, 4);
        using var noGradient = no_grad();
        Tensor reference = model.Predict(input, timestep, context);
        string hash = TensorHash.Compute(model.state_dict().Select(item => (item.Key, item.Value)));
        using (enable_grad())
        {
            using GranDpoTrainer trainer = new(model, model, new FlowMatchingTarget(), pairs, TinyPairs.Options() with { LoraRank = 2, LoraAlpha = 8 }, _folder);
            trainer.Run(Path.Combine(_folder, "lora"), null, Token);
            Assert.Equal(["attn.to_q"], trainer.Adapters!.Layers);
            Assert.NotEqual(reference.sum().item<float>(), model.Predict(input, timestep, context).sum().item<float>());
            trainer.Adapters.Enable(false);
        }

        TensorAssert.Identical(reference, model.Predict(input, timestep, context));
        Assert.Equal(hash, TensorHash.Compute(model.state_dict().Where(item => !item.Key.Contains("lora", StringComparison.Ordinal)).Select(item => (item.Key, item.Value))));

        // The file, loaded into a fresh model, is the tuned model.
        using TinyDenoiser fresh = new();
        using LoraFile file = LoraFile.Load(Path.Combine(_folder, "lora"));
        Assert.All(file.Layers.Values, layer => Assert.Equal((2, 4.0), (layer.Rank, layer.Scale)));
        LoraAdapters loaded = LoraAdapters.Attach(fresh, file, "the tuned adapters");
        TensorAssert.Identical(reference, Off(loaded, fresh, input, timestep, context));
        loaded.Enable(true);
        Tensor tuned = fresh.Predict(input, timestep, context);
        Assert.NotEqual(reference.sum().item<float>(), tuned.sum().item<float>());
    }

    [Fact]
    public void CachedAndComputedReferencesAgree()
    {
        GranDpoTrainerOptions options = TinyPairs.Options() with { LoraRank = 2 };
        JsonElement[] cached = Lines(Train("cached", options));
        JsonElement[] computed = Lines(Train("computed", options with { Reference = ReferenceMode.Computed }));
        foreach ((JsonElement first, JsonElement second) in cached.Zip(computed))
        {
            Assert.Equal(first.GetProperty("loss").GetDouble(), second.GetProperty("loss").GetDouble(), 1e-4);
            Assert.Equal(first.GetProperty("patch_reference_error_worse").GetDouble(), second.GetProperty("patch_reference_error_worse").GetDouble(), 1e-5);
        }
    }

    /// <summary>Every arm's first steps: what differs at all is the order in which clips are summed.</summary>
    [Theory]
    [MemberData(nameof(Arms), DisableDiscoveryEnumeration = true)]
    public void TwoPassesTakeTheSameSteps(GranDpoTrainerOptions options)
    {
        JsonElement[] atOnce = Lines(Train("at-once", options with { TwoPass = false, Steps = 6 }));
        JsonElement[] twoPass = Lines(Train("two-pass", options with { TwoPass = true, Steps = 6 }));
        foreach ((JsonElement first, JsonElement second) in atOnce.Zip(twoPass))
        {
            foreach (JsonProperty metric in first.EnumerateObject().Where(metric => metric.Name is "loss" or "gradient_norm" || metric.Name.Contains("_error_", StringComparison.Ordinal)))
            {
                // Null where nothing is untied.
                double expected = metric.Value.Deserialize<double?>() ?? 0;
                Assert.Equal(expected, second.GetProperty(metric.Name).Deserialize<double?>() ?? 0, 1e-6 + (1e-4 * Math.Abs(expected)));
            }
        }
    }

    [Theory]
    [InlineData(ReferenceMode.Cached)]
    [InlineData(ReferenceMode.Computed)]
    public void TwoPassesShowTheDenoiserOneClipAtATime(ReferenceMode mode)
    {
        using TrainingPairs pairs = TinyPairs.Create();
        using TinyDenoiser model = new();
        List<(bool HasGradients, double Clip)> seen = [];
        Watching watching = new(model, noisy_BCTHW =>
        {
            Assert.Equal(1, noisy_BCTHW.shape[0]);
            seen.Add((is_grad_enabled(), noisy_BCTHW.sum().item<float>()));
        });
        GranDpoTrainerOptions options = TinyPairs.Options() with { TwoPass = true, LoraRank = 2, Reference = mode, Steps = 2, BatchPairs = 3 };
        using GranDpoTrainer trainer = new(model, watching, new FlowMatchingTarget(), pairs, options, _folder);
        trainer.PrepareReference(advanced: null, Token);
        Assert.Equal(mode == ReferenceMode.Cached ? 12 : 0, seen.Count);
        Assert.DoesNotContain(seen, pass => pass.HasGradients);
        seen.Clear();
        trainer.Step(0);

        // Of three pairs: the reference, if it is not cached, the first pass, and the second over the same clips in the same order.
        Assert.Equal(mode == ReferenceMode.Cached ? 12 : 18, seen.Count);
        Assert.Equal(seen[^12..^6].Select(pass => (true, pass.Clip)), seen[^6..]);
        Assert.Equal(6, seen.Count(pass => pass.HasGradients));
        Assert.Equal(6, seen.Select(pass => pass.Clip).Distinct().Count());
    }

    /// <summary>What was begun before there were two passes goes on, and folders keep their names.</summary>
    [Fact]
    public void TwoPassesStandInTheSettingsOnlyWhereTheyAreAskedFor()
    {
        Assert.DoesNotContain(nameof(GranDpoTrainerOptions.TwoPass), JsonSerializer.Serialize(TinyPairs.Options()), StringComparison.Ordinal);
        Assert.Contains(nameof(GranDpoTrainerOptions.TwoPass), JsonSerializer.Serialize(TinyPairs.Options() with { TwoPass = true }), StringComparison.Ordinal);
    }

    [Fact]
    public void NoiseDoesNotDependOnTheBatch()
    {
        // The second run batches otherwise, finds every entry that it needs in the first one's cache, and computes the same energies without it.
        using TrainingPairs pairs = TinyPairs.Create();
        GranDpoTrainerOptions options = TinyPairs.Options() with { Steps = 9, BatchPairs = 2, DrawsPerPair = 3 };
        foreach ((string folder, int batch) in new[] { ("two", 2), ("six", 6) })
        {
            using TinyDenoiser model = new();
            using GranDpoTrainer trainer = new(model, model, new FlowMatchingTarget(), pairs, options with { BatchPairs = batch, Steps = 18 / batch }, Path.Combine(_folder, folder));
            trainer.Run(Path.Combine(_folder, folder + "-run"), null, Token);
            Assert.Equal(PairCount * 3, trainer.ReferenceCount);
        }

        Dictionary<string, Tensor> two = Safetensors.Load(Directory.GetFiles(Path.Combine(_folder, "two")).Single());
        Dictionary<string, Tensor> six = Safetensors.Load(Directory.GetFiles(Path.Combine(_folder, "six")).Single());
        TensorAssert.Identical(two["draws"], six["draws"]);
        TensorAssert.Close(two["sums"], six["sums"], 0, 1e-6);
    }

    [Fact]
    public void BothClipsOfAPairShareNoiseAndLevel()
    {
        using TrainingPairs pairs = TinyPairs.Create();
        using TinyDenoiser model = new();
        List<TrainingExample> seen = [];
        using GranDpoTrainer trainer = new(model, model, new Recording(seen), pairs, TinyPairs.Options() with { Steps = 1, BatchPairs = 3 }, _folder);
        trainer.Run(Path.Combine(_folder, "run"), null, Token);
        Assert.NotEmpty(seen);
        foreach (TrainingExample example in seen)
        {
            Tensor noise = example.Noisy_BCTHW;
            TensorAssert.Identical(noise.narrow(0, 0, 3), noise.narrow(0, 3, 3));
            TensorAssert.Identical(example.Timestep_B.narrow(0, 0, 3), example.Timestep_B.narrow(0, 3, 3));
            Assert.NotEqual(noise[0].sum().item<float>(), noise[1].sum().item<float>());
        }
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(2, false)]
    [InlineData(null, true)]
    [InlineData(2, true)]
    public void LiveTensorsStayConstantOver200Steps(int? rank, bool isTwoPass)
    {
        using TrainingPairs pairs = TinyPairs.Create();
        using TinyDenoiser model = new();
        using GranDpoTrainer trainer = new(model, model, new FlowMatchingTarget(), pairs, TinyPairs.Options() with { Steps = 203, TwoPass = isTwoPass, LoraRank = rank, AverageDecay = 0.9 }, _folder);
        List<long> counts = [];
        LiveTensors.CountSettled();
        trainer.Run(Path.Combine(_folder, "run"), _ => counts.Add(Tensor.TotalCount), Token);
        Assert.Equal(203, counts.Count);
        Assert.All(counts[3..], count => Assert.Equal(counts[2], count));
    }

    [Fact]
    public void CancellationStopsWithinOneStep()
    {
        using CancellationTokenSource source = new();
        using TrainingPairs pairs = TinyPairs.Create();
        using TinyDenoiser model = new();
        using GranDpoTrainer trainer = new(model, model, new FlowMatchingTarget(), pairs, TinyPairs.Options(), _folder);
        long done = 0;
        Assert.ThrowsAny<OperationCanceledException>(() => trainer.Run(Path.Combine(_folder, "run"), steps =>
        {
            done = steps;
            if (steps == 5)
            {
                source.Cancel();
            }
        }, source.Token));
        Assert.Equal(5, done);
        Assert.True(File.Exists(Path.Combine(_folder, "run", "training.safetensors")));
        Assert.Throws<InvalidOperationException>(() => trainer.Run(Path.Combine(_folder, "run"), null, Token));
    }

    [Fact]
    public void OtherTrainingsCheckpointAndUnfitSettingsAreRefused()
    {
        Assert.ThrowsAny<OperationCanceledException>(() => TrainUntil(Path.Combine(_folder, "run"), TinyPairs.Options(), 3));
        Assert.Throws<InputException>(() => Train("run", TinyPairs.Options() with { LearningRate = 0.01 }));

        // Its sums are rounded otherwise: it would not go on to the same bytes.
        Assert.Throws<InputException>(() => Train("run", TinyPairs.Options() with { TwoPass = true }));
        Assert.Throws<InputException>(() => Train("finer", TinyPairs.Options() with { Grid = new PatchGrid(3, 1, 1) }));
        Assert.Throws<InputException>(() => Train("none", TinyPairs.Options() with { LoraRank = 2, LoraLayers = ["nothing"] }));
        Assert.Throws<InputException>(() => Train("full", TinyPairs.Options() with { Reference = ReferenceMode.Computed }));
        Assert.Throws<InputException>(() => Train("steps", TinyPairs.Options() with { Steps = 0 }));
    }

    [Fact]
    public void RewardsArePooledOntoTheGridAndMissingCellsAreTied()
    {
        double?[] a = [1, 2, 3, 4, 5, 6, 7, null];
        double?[] b = [0, 0, 0, 0, 1, 1, 1, 1];
        PreferencePair pair = new("p", new Candidate("a", 2, new PatchRewards(Grid, a)), new Candidate("b", 1, new PatchRewards(Grid, b)), "test");
        PreferencePair bare = new("p", new Candidate("c", 2), new Candidate("d", 1), "test");
        using TrainingPairs pairs = new([pair, bare], zeros([2, 3, 2, 4, 4]), zeros([2, 3, 2, 4, 4]), zeros([1, 2, 4]), [0, 0], Lattice);
        using PairRewards own = pairs.Rewards(Grid, VideoRewardSource.Video);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 0], own.PatchA_Bthw[0].data<double>().ToArray());
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 0], own.PatchB_Bthw[0].data<double>().ToArray());
        Assert.Equal(0.0, own.PatchA_Bthw[1].abs().max().item<double>());
        using PairRewards segments = pairs.Rewards(new PatchGrid(2, 1, 1), VideoRewardSource.Video);
        Assert.Equal([2.5, 0], segments.PatchA_Bthw[0].data<double>().ToArray());
        Assert.Equal([0.0, 0], segments.PatchB_Bthw[0].data<double>().ToArray());
        Assert.Contains("no patch rewards", Assert.Throws<InputException>(() => pairs.Rewards(Grid, VideoRewardSource.PatchMean)).Message, StringComparison.Ordinal);
        using TrainingPairs one = new([pair], zeros([1, 3, 2, 4, 4]), zeros([1, 3, 2, 4, 4]), zeros([1, 2, 4]), [0], Lattice);
        using PairRewards means = one.Rewards(Grid, VideoRewardSource.PatchMean);
        Assert.Equal(4.0, means.VideoA_B.item<double>(), 1e-12);
        Assert.Equal(3.0 / 7, means.VideoB_B.item<double>(), 1e-12);
    }

    [Fact]
    public void EveryEpochIsAPermutationAndDrawsFollowTheVisits()
    {
        PairSampler sampler = new(5, pairs: 7, batchPairs: 3, drawsPerPair: 2);
        (int Pair, int Draw)[] places = [.. Enumerable.Range(0, 14).SelectMany(step => sampler.Batch(step))];
        for (int epoch = 0; epoch < 6; epoch++)
        {
            (int Pair, int Draw)[] visits = places[(epoch * 7)..((epoch + 1) * 7)];
            Assert.Equal(Enumerable.Range(0, 7), visits.Select(visit => visit.Pair).Order());
            Assert.All(visits, visit => Assert.Equal(epoch % 2, visit.Draw));
        }

        Assert.NotEqual(places[..7].Select(place => place.Pair), places[7..14].Select(place => place.Pair));
        Assert.Equal(new PairSampler(5, 7, 3, 2).Batch(9), sampler.Batch(9));
    }

    private static double Last(JsonElement[] lines, string name) => lines[^10..].Average(line => line.GetProperty(name).GetDouble());

    private static JsonElement[] Lines(string folder) =>
        [.. File.ReadAllLines(Path.Combine(folder, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];

    private static Tensor Off(LoraAdapters adapters, TinyDenoiser model, Tensor input, Tensor timestep, Tensor context)
    {
        adapters.Enable(false);
        return model.Predict(input, timestep, context);
    }

    private string Train(string name, GranDpoTrainerOptions options)
    {
        string folder = Path.Combine(_folder, name);
        TrainUntil(folder, options, long.MaxValue);
        return folder;
    }

    /// <summary>A fresh model and trainer, as another process would make them; cancelled after so many steps.</summary>
    private void TrainUntil(string folder, GranDpoTrainerOptions options, long steps)
    {
        using CancellationTokenSource source = new();
        using TrainingPairs pairs = TinyPairs.Create();
        using TinyDenoiser model = new();
        using GranDpoTrainer trainer = new(model, model, new FlowMatchingTarget(), pairs, options, folder + "-cache");
        trainer.Run(folder, done =>
        {
            if (done >= steps)
            {
                source.Cancel();
            }
        }, source.Token);
    }

    /// <summary>Says what the denoiser is shown.</summary>
    private sealed class Watching(IDenoiser denoiser, Action<Tensor> shown) : IDenoiser
    {
        public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD)
        {
            shown(latents_BCTHW);
            return denoiser.Predict(latents_BCTHW, timesteps_B, context_BLD);
        }
    }

    /// <summary>Passes the noise itself through, whatever the clip.</summary>
    private sealed class Recording(List<TrainingExample> seen) : ITrainingTarget
    {
        public string Description => "recording";

        public double DrawLevel(RandomStream stream) => stream.NextDouble();

        public TrainingExample Example(Tensor clean_BCTHW, Tensor noise_BCTHW, Tensor level_B)
        {
            seen.Add(new TrainingExample(noise_BCTHW.clone().DetachFromDisposeScope(), level_B.clone().DetachFromDisposeScope(), clean_BCTHW));
            return new TrainingExample(noise_BCTHW, level_B, noise_BCTHW);
        }
    }
}
