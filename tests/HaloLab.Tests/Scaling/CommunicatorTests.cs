using CliWrap.Buffered;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Optimisation;
using HaloLab.Scaling;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.GranDpo;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Tests.Scaling;

/// <summary>Ranks as the library sees them. Tests of several start themselves again under mpirun.</summary>
public sealed class CommunicatorTests : IDisposable
{
    private const int Ranks = 2;
    private const long BucketBytes = 4 << 20;
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-ranks").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void PartsOfABatchAreThatBatch(int size)
    {
        int[] batch = [.. Enumerable.Range(0, 11)];
        int[][] parts = [.. Enumerable.Range(0, size).Select(rank => batch[new Numbered(rank, size).PartOf(batch.Length)])];
        Assert.Equal(batch, parts.SelectMany(part => part));
        Assert.InRange(parts.Max(part => part.Length) - parts.Min(part => part.Length), 0, 1);
    }

    [Fact]
    public void WhoeverIsNotStartedTogetherWithOthersIsAlone()
    {
        foreach (Dictionary<string, string> variables in (Dictionary<string, string>[])[[], new() { ["OMPI_COMM_WORLD_SIZE"] = "1" }, new() { ["SLURM_STEP_NUM_TASKS"] = "1", ["PMI_RANK"] = "0" }])
        {
            List<string> said = [];
            Communicator alone = Communicator.OfThisProcess(variables.GetValueOrDefault, said.Add);
            Assert.Equal((0, 1, true), (alone.Rank, alone.Size, alone.IsFirst));
            using Tensor numbers = tensor(new[] { 1f, 2f });
            alone.Sum(numbers);
            alone.Share(numbers, 0);
            Assert.Equal([1f, 2f], numbers.data<float>().ToArray());
            Assert.Equal((false, true), (alone.Any(false), alone.Any(true)));
            Assert.Equal("text", alone.Broadcast("text"));
            Assert.Equal(["écrit"], alone.Gather("écrit"));
            Assert.Equal(Token, alone.StopTogether(Token));
            alone.Say("hello");
            Assert.Equal(["hello"], said);
        }
    }

    [Fact]
    public void TasksOfSlurmWithoutMpiAreRefused()
    {
        Dictionary<string, string> variables = new() { ["SLURM_STEP_NUM_TASKS"] = "4" };
        Assert.Contains("4 tasks with no MPI between them", Assert.Throws<InputException>(() => Communicator.OfThisProcess(variables.GetValueOrDefault, _ => { })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryRankNeedsAPair()
    {
        using TinyDenoiser model = new();
        using TrainingPairs pairs = TinyPairs.Create();
        GranDpoTrainerOptions options = TinyPairs.Options() with { BatchPairs = 2 };
        Assert.Contains("BatchPairs is 2", Assert.Throws<InputException>(() => new GranDpoTrainer(model, model, new FlowMatchingTarget(), pairs, options, _folder, new Numbered(0, 3))).Message, StringComparison.Ordinal);
    }

    /// <summary>Sums, texts, a stop that one rank is asked for, and a divergence, as each of two ranks sees them.</summary>
    [Fact]
    public async Task RanksActAlike()
    {
        if (Mpi.IsRank)
        {
            ActAsRank(Open());
            return;
        }

        Mpi.Require();
        await RequirePassed(nameof(RanksActAlike), Ranks);
    }

    /// <summary>The same batch, whole or in parts: the same training to rounding, whatever is trained and however it is cut.</summary>
    [Fact]
    public async Task TwoRanksTakeTheStepsOfOneProcess()
    {
        if (Mpi.IsRank)
        {
            Communicator ranks = Open();
            foreach ((string name, ScalarType type, GranDpoTrainerOptions options) in Variants())
            {
                Train(Path.Combine(Mpi.Folder, name), type, options, ranks, null, Token);
            }

            ranks.Leave();
            return;
        }

        Mpi.Require();
        await RequirePassed(nameof(TwoRanksTakeTheStepsOfOneProcess), Ranks);
        foreach ((string name, ScalarType type, GranDpoTrainerOptions options) in Variants())
        {
            string alone = Path.Combine(_folder, name + "-alone");
            Train(alone, type, options, Communicator.Alone, null, Token);
            string weights = options.LoraRank is null ? "weights.safetensors" : "adapter_model.safetensors";
            using DisposeScope scope = NewDisposeScope();
            Dictionary<string, Tensor> expected = Safetensors.Load(Path.Combine(alone, weights));
            Dictionary<string, Tensor> actual = Safetensors.Load(Path.Combine(_folder, name, weights));
            Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
            double tolerance = type == ScalarType.Float64 ? 1e-10 : 0.01 * options.LearningRate * options.Steps;
            double most = expected.Max(item => (item.Value - actual[item.Key]).abs().max().to(ScalarType.Float64).item<double>());
            Assert.True(most <= tolerance, $"{name}: weights differ by {most}, at most {tolerance} expected");
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: weights differ by at most {most:g2}");

            // It learned from pairs that were in parts of both ranks, and the first one wrote what they did.
            Assert.Contains(TrainingLoop.ReadMetrics(alone), line => line["gradient_norm"]!.GetValue<double>() > 0.01 && line["untied_pairs"]!.GetValue<int>() > 2);
            Safetensors.Load(Path.Combine(_folder, name, TrainingLoop.CheckpointFile), out Dictionary<string, string> metadata);
            Assert.Equal("2", metadata["ranks"]);
            foreach ((double? first, double? second) in Numbers(alone).Zip(Numbers(Path.Combine(_folder, name))))
            {
                Assert.Equal(first ?? 0, second ?? 0, (type == ScalarType.Float64 ? 1e-9 : 1e-2) * (1 + Math.Abs(first ?? 0)));
            }
        }
    }

    /// <summary>
    /// Whether each rank keeps all of the optimiser's state or its part changes no bit, not of the checkpoints either; so a training goes on from one with or without, and with another number of ranks.
    /// </summary>
    [Fact]
    public async Task AShardedOptimiserTakesTheSameStepsToTheBit()
    {
        if (Mpi.IsRank)
        {
            ShardAsRank(Open());
            return;
        }

        Mpi.Require();
        foreach (int size in new[] { 2, 3 })
        {
            await RequirePassed(nameof(AShardedOptimiserTakesTheSameStepsToTheBit), size);
        }

        // What three ranks with a part each left unfinished, one process brings to the end, told to shard or not.
        GranDpoTrainerOptions options = Sharded(isSharded: true);
        string stopped = Path.Combine(_folder, "stopped-of-3");
        string alone = Path.Combine(_folder, "alone");
        Train(alone, ScalarType.Float64, options, Communicator.Alone, null, Token);
        Train(stopped, ScalarType.Float64, options, Communicator.Alone, null, Token);
        Assert.Equal(options.Steps, TrainingLoop.ReadMetrics(stopped).Count);
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> expected = Safetensors.Load(Path.Combine(alone, "weights.safetensors"));
        Dictionary<string, Tensor> actual = Safetensors.Load(Path.Combine(stopped, "weights.safetensors"));
        Assert.All(expected, item => Assert.InRange((item.Value - actual[item.Key]).abs().max().item<double>(), 0, 1e-10));
    }

    /// <summary>When gradients are sent, during the backward pass or after it, changes no bit.</summary>
    [Fact]
    public async Task SumsThatBeginDuringTheBackwardPassAreTheSameBits()
    {
        if (Mpi.IsRank)
        {
            Communicator ranks = Open();
            foreach ((string name, bool recomputes, GranDpoTrainerOptions options) in ToyVariants())
            {
                string[] folders = [.. new[] { false, true }.Select(isSentAfter =>
                {
                    string folder = Path.Combine(Mpi.Folder, FormattableString.Invariant($"{name}-{isSentAfter}"));
                    (long overlapped, long gradients) = TrainToy(folder, options, recomputes, isSentAfter, ranks);

                    // In the first step nothing is known. Later all but what waits for the first layers, the last bucket, can be on its way.
                    Assert.Equal(isSentAfter ? 0 : (options.Steps - 1) * (gradients - BucketBytes), overlapped);
                    return folder;
                })];
                RequireSameFiles(folders[0], folders[1], ranks);
            }

            ranks.Leave();
            return;
        }

        Mpi.Require();
        await RequirePassed(nameof(SumsThatBeginDuringTheBackwardPassAreTheSameBits), Ranks);
    }

    /// <summary>Of more than one bucket, on the toy generator.</summary>
    private static IEnumerable<(string Name, bool Recomputes, GranDpoTrainerOptions Options)> ToyVariants()
    {
        GranDpoTrainerOptions all = TinyPairs.Options() with { Steps = 2, BatchPairs = 2, DrawsPerPair = 1, LearningRate = 1e-4 };
        yield return ("all", false, all);
        yield return ("all-two-pass-recomputed", true, all with { TwoPass = true });
        yield return ("adapters-recomputed", true, all with { LoraRank = 128 });
    }

    private static (long Overlapped, long Gradients) TrainToy(string folder, GranDpoTrainerOptions options, bool recomputes, bool isSentAfter, Communicator ranks)
    {
        LatentLattice lattice = ToyGenerator.Lattice;
        using TrainingPairs tiny = TinyPairs.Create();
        Tensor Latents(string side) => TinyPairs.Draw(side, tiny.Pairs.Count, 8, lattice.Frames, lattice.Height, lattice.Width);
        using TrainingPairs pairs = new(tiny.Pairs, Latents("toy a"), Latents("toy b"), TinyPairs.Draw("toy context", 1, 20, 64), new int[tiny.Pairs.Count], lattice);
        using UNet3D denoiser = new(ToyModels.Denoiser) { Recomputes = recomputes };
        using LayoutPrior prior = new();
        Initialisation.Draw(denoiser, 1);
        Initialisation.Draw(prior, 1);
        using GranDpoTrainer trainer = new(denoiser, new ToyDenoiser(denoiser, prior), ToyModels.TrainingTarget, pairs, options, folder + "-cache", ranks);
        if (isSentAfter)
        {
            trainer.Reducer.Dispose();
        }

        trainer.Run(folder, cancellation: Token);
        return (trainer.Reducer.OverlappedBytes, trainer.OptimiserBytes / 2);
    }

    private static GranDpoTrainerOptions Sharded(bool isSharded) => TinyPairs.Options() with { ShardsOptimiser = isSharded, Optimiser = new(WeightDecay: 0.1, MaximumGradientNorm: 0.5) };

    private static void ShardAsRank(Communicator ranks)
    {
        foreach ((string name, ScalarType type, Func<GranDpoTrainerOptions, GranDpoTrainerOptions> change) in new (string, ScalarType, Func<GranDpoTrainerOptions, GranDpoTrainerOptions>)[]
        {
            ("all", ScalarType.Float32, options => options with { AverageDecay = 0.9 }),
            ("float64", ScalarType.Float64, options => options),
            ("adapters", ScalarType.Float32, options => options with { LoraRank = 2 }),
        })
        {
            string[] folders = [.. new[] { false, true }.Select(isSharded =>
            {
                string folder = Path.Combine(Mpi.Folder, FormattableString.Invariant($"{name}-{isSharded}-of-{ranks.Size}"));
                long bytes = Train(folder, type, change(Sharded(isSharded)), ranks, null, Token);

                // The parts of all ranks are the whole, as long as any other to a cache line.
                using Tensor sum = torch.tensor(new[] { (double)bytes });
                ranks.Sum(sum);
                long whole = isSharded ? (long)sum.item<double>() : bytes;
                Assert.InRange(bytes - (whole / (isSharded ? ranks.Size : 1)), -2 * 128, 2 * 128);
                return folder;
            })];
            RequireSameFiles(folders[0], folders[1], ranks);
        }

        using CancellationTokenSource asked = new();
        asked.Cancel();
        ranks.StopTogether(asked.Token);
        ranks.LookForStop();
        Assert.True(ranks.HasAgreedToStop);

        // All stop at the same step, once with parts and once without; then each goes on the other way.
        string[] stopped = [.. new[] { false, true }.Select(isSharded =>
        {
            string folder = Path.Combine(Mpi.Folder, FormattableString.Invariant($"{(isSharded ? "stopped" : "stopped-whole")}-of-{ranks.Size}"));
            using CancellationTokenSource own = new();
            Assert.Throws<OperationCanceledException>(() => Train(folder, ScalarType.Float64, Sharded(isSharded), ranks, steps =>
            {
                if (steps == 7)
                {
                    own.Cancel();
                }
            }, own.Token));
            return folder;
        })];
        RequireSameFiles(stopped[0], stopped[1], ranks);
        string[] goneOn = [.. stopped.Select((folder, i) =>
        {
            string copy = folder + "-gone-on";
            if (ranks.IsFirst)
            {
                Directory.CreateDirectory(copy);
                foreach (string file in Directory.GetFiles(folder))
                {
                    File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
                }
            }

            ranks.Barrier();
            Train(copy, ScalarType.Float64, Sharded(isSharded: i == 0), ranks, null, Token);
            return copy;
        })];
        string undisturbed = Path.Combine(Mpi.Folder, FormattableString.Invariant($"float64-False-of-{ranks.Size}"));
        RequireSameFiles(undisturbed, goneOn[0], ranks);
        RequireSameFiles(undisturbed, goneOn[1], ranks);
        ranks.Leave();
    }

    private static void RequireSameFiles(string expected, string actual, Communicator ranks)
    {
        // The first one has written.
        ranks.Barrier();
        string[] files = [.. Directory.GetFiles(expected).Select(file => Path.GetFileName(file)).Where(file => file != TrainingState.PreviousOf(TrainingLoop.CheckpointFile))];
        Assert.Contains(TrainingLoop.CheckpointFile, files);
        Assert.All(files, file => Assert.Equal(File.ReadAllBytes(Path.Combine(expected, file)), File.ReadAllBytes(Path.Combine(actual, file))));
    }

    /// <summary>A part of the vector, by itself and within the whole, over many times what one thread takes at once.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void APartIsUpdatedAsTheWholeIs(int size)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor first_N = TinyPairs.Draw("first values", 200_003);
        Tensor[] gradients = [.. Enumerable.Range(0, 3).Select(step => TinyPairs.Draw($"gradient {step}", 200_003))];
        float[] whole = Updated(null);
        bool[] isUpdated = new bool[whole.Length];
        for (int rank = 0; rank < size; rank++)
        {
            // Nothing comes from the others, so only its own part is what it should be.
            float[] own = Updated(new Numbered(rank, size));
            for (int i = 0; i < whole.Length; i++)
            {
                isUpdated[i] |= own[i] == whole[i];
            }
        }

        Assert.DoesNotContain(false, isUpdated);

        float[] Updated(Communicator? shards)
        {
            using TorchSharp.Modules.Parameter weight = new(first_N.clone());
            using FlatParameters parameters = new([("weight", weight)]);
            using AdamW optimiser = new(parameters, new AdamWOptions(MaximumGradientNorm: 1), shards);
            foreach (Tensor gradient_N in gradients)
            {
                weight.grad!.copy_(gradient_N);
                optimiser.Step(0.01);
            }

            return weight.data<float>().ToArray();
        }
    }

    private static void ActAsRank(Communicator ranks)
    {
        Assert.Equal((Ranks, ranks.Rank == 0), (ranks.Size, ranks.IsFirst));
        Assert.Equal("écrit par le premier", ranks.Broadcast(ranks.IsFirst ? "écrit par le premier" : "not looked at"));
        Assert.Equal("", ranks.Broadcast(""));
        Assert.Equal(["", "écrit par 1"], ranks.Gather(ranks.IsFirst ? "" : "écrit par 1"));

        // Longer than one bucket, and not a multiple of it.
        using (Tensor ones = torch.ones((1 << 22) + 3))
        {
            ones.mul_(ranks.Rank + 1f);
            ranks.Sum(ones);
            Assert.Equal((3f, 3f), (ones.min().item<float>(), ones.max().item<float>()));
        }

        // Two buckets of the second one's.
        using (Tensor numbers = torch.arange((1 << 22) + 3, dtype: ScalarType.Float64))
        {
            numbers.mul_(1 + ranks.Rank);
            long before = ranks.SharedBytes;
            ranks.Share(numbers, 1);
            Assert.Equal((2.0, 2.0 * ((1 << 22) + 2)), (numbers[1].item<double>(), numbers[-1].item<double>()));
            Assert.Equal(8 * ((1 << 22) + 3), ranks.SharedBytes - before);
        }

        // Begun one after the other, and done in the meantime, at the end or both.
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor[] numbers = [.. new[] { 100_003, 1, 17 }.Select(count => TinyPairs.Draw(FormattableString.Invariant($"{count} numbers of {ranks.Rank}"), count).to(type))];
            Tensor[] sums = [.. numbers.Select(given => given.clone())];
            long before = ranks.SummedBytes;
            ranks.AdvanceSums();
            foreach (Tensor sum in sums)
            {
                ranks.BeginSum(sum);
                ranks.AdvanceSums();
            }

            ranks.FinishSums();
            Assert.Equal(100_021 * numbers[0].ElementSize, ranks.SummedBytes - before);
            foreach ((Tensor given, Tensor sum) in numbers.Zip(sums))
            {
                Assert.False(given.equal(sum).all().item<bool>());
                ranks.Sum(given);
                TensorAssert.Identical(given, sum);
            }

            ranks.FinishSums();
        }

        Assert.Equal((false, true), (ranks.Any(false), ranks.Any(!ranks.IsFirst)));
        using (Tensor thirds = torch.tensor(new[,] { { 1.0 / 3, ranks.Rank }, { -1e-17, 1e300 } }))
        {
            ranks.Sum(thirds);
            Assert.Equal([2.0 / 3, 1, -2e-17, 2e300], thirds.data<double>().ToArray());
            using Tensor turned = thirds.t();
            Assert.ThrowsAny<Exception>(() => ranks.Sum(turned));
        }

        // A training that diverges does so on every rank, at the same step: they are together afterwards.
        GranDpoTrainerOptions hot = TinyPairs.Options() with { LearningRate = 1e30, Optimiser = new(WeightDecay: 0) };
        Assert.Throws<DivergenceException>(() => Train(Path.Combine(Mpi.Folder, "hot"), ScalarType.Float32, hot, ranks, null, Token));
        ranks.Barrier();

        // The second is asked to stop; both do after the same step, and the first has saved.
        using CancellationTokenSource own = new();
        CancellationToken together = ranks.StopTogether(own.Token);
        string stopped = Path.Combine(Mpi.Folder, "stopped");
        long done = 0;
        Assert.Throws<OperationCanceledException>(() => Train(stopped, ScalarType.Float32, TinyPairs.Options(), ranks, steps =>
        {
            done = steps;
            if (steps == 5 && !ranks.IsFirst)
            {
                own.Cancel();
            }
        }, together));
        Assert.True(ranks.HasAgreedToStop);
        Assert.Equal(6, done);
        ranks.Leave();
        Assert.Equal(6, File.ReadLines(Path.Combine(stopped, TrainingLoop.MetricsFile)).Count());
        Assert.True(File.Exists(Path.Combine(stopped, TrainingLoop.CheckpointFile)));
    }

    private static IEnumerable<(string Name, ScalarType Type, GranDpoTrainerOptions Options)> Variants()
    {
        GranDpoTrainerOptions options = TinyPairs.Options();
        yield return ("float64", ScalarType.Float64, options);
        yield return ("float64-two-pass", ScalarType.Float64, options with { TwoPass = true });

        // Parts of two and of three pairs, some of them without a term: each rank must divide by the number in the whole batch.
        yield return ("float64-ties", ScalarType.Float64, options with { BatchPairs = 5, Objective = options.Objective with { Terms = PreferenceTerms.VideoOnly, TauVideo = 0.1 } });
        yield return ("float64-region", ScalarType.Float64, options with { BatchPairs = 5, Objective = options.Objective with { Terms = PreferenceTerms.RegionOnly, TauPatch = 0.7 } });
        yield return ("float32", ScalarType.Float32, options with { AverageDecay = 0.9 });
        yield return ("float32-adapters", ScalarType.Float32, options with { LoraRank = 2 });
        yield return ("float32-computed", ScalarType.Float32, options with { LoraRank = 2, Reference = ReferenceMode.Computed });
    }

    /// <summary>Trains, and says how many bytes this rank kept of the optimiser's state.</summary>
    private static long Train(string folder, ScalarType type, GranDpoTrainerOptions options, Communicator ranks, Action<long>? advanced, CancellationToken cancellation)
    {
        using TrainingPairs pairs = TinyPairs.Create(type);
        using TinyDenoiser model = new();
        model.to(type);
        using GranDpoTrainer trainer = new(model, model, new FlowMatchingTarget(), pairs, options, folder + "-cache", ranks);
        trainer.Run(folder, advanced, cancellation);
        return trainer.OptimiserBytes;
    }

    private static IEnumerable<double?> Numbers(string folder) => TrainingLoop.ReadMetrics(folder).SelectMany(line => line.Select(item => item.Value?.GetValue<double>()));

    private static Communicator Open() => Communicator.OfThisProcess(Environment.GetEnvironmentVariable, _ => { });

    private async Task RequirePassed(string test, int ranks)
    {
        BufferedCommandResult result = await Mpi.RunTest(ranks, $"{typeof(CommunicatorTests).FullName}.{test}", _folder);
        Assert.True(result.IsSuccess, $"exit code {result.ExitCode}: {result.StandardOutput}{result.StandardError}");
    }

    /// <summary>Only its number is asked for.</summary>
    private sealed class Numbered(int rank, int size) : LonelyRank(rank, size)
    {
        public override void Share(Tensor tensor, int rank)
        {
        }
    }
}
