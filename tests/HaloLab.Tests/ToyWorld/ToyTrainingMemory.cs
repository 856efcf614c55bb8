using System.Diagnostics;
using System.Globalization;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Preferences;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.ToyWorld;

/// <summary>The real toy network in training; <c>GranDpoTrainerTests</c> holds the same of a tiny one by default.</summary>
[Trait("Category", "Long")]
public sealed class ToyTrainingMemory(ITestOutputHelper output) : IDisposable
{
    private const int PairCount = 4;
    private const int Steps = 203;
    private static readonly PatchGrid Grid = new(4, 4, 4);
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-memory").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void LiveTensorsStayConstantOver200Steps()
    {
        RandomToyCheckpoints.Write(_folder);
        using ToyGenerator generator = ToyGenerator.Load(_folder);
        using TrainingPairs pairs = Pairs(generator);
        GranDpoTrainerOptions options = new() { Seed = 1, Steps = Steps, BatchPairs = 2, Grid = Grid, DrawsPerPair = 2 };
        using GranDpoTrainer trainer = new(generator.Denoiser, generator, ToyModels.TrainingTarget, pairs, options, _folder);
        List<long> counts = [];
        LiveTensors.CountSettled();
        trainer.Run(Path.Combine(_folder, "run"), _ => counts.Add(Tensor.TotalCount), TestContext.Current.CancellationToken);
        output.WriteLine($"{counts[^1]} live tensors, {Environment.WorkingSet >> 20} MiB");
        Assert.Equal(Steps, counts.Count);
        Assert.All(counts[3..], count => Assert.Equal(counts[2], count));
    }

    /// <summary>Ten minutes, or as many as <c>HALOLAB_MEMORY_MINUTES</c> says: two hours before a release.</summary>
    [Fact]
    public void LiveTensorsAndResidentMemoryAreFlat()
    {
        TimeSpan length = TimeSpan.FromMinutes(double.Parse(Environment.GetEnvironmentVariable("HALOLAB_MEMORY_MINUTES") ?? "10", CultureInfo.InvariantCulture));
        RandomToyCheckpoints.Write(_folder);
        using ToyGenerator generator = ToyGenerator.Load(_folder);
        using TrainingPairs pairs = Pairs(generator);
        GranDpoTrainerOptions options = new() { Seed = 1, Steps = int.MaxValue, BatchPairs = 2, Grid = Grid, LoraRank = 4, LoraLayers = [""], Reference = ReferenceMode.Computed, AverageDecay = 0.999, LearningRate = 1e-7 };
        using GranDpoTrainer trainer = new(generator.Denoiser, generator, ToyModels.TrainingTarget, pairs, options, _folder);
        List<(TimeSpan At, long Tensors, long Resident)> seen = [];
        Stopwatch watch = Stopwatch.StartNew();
        LiveTensors.CountSettled();
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        end.CancelAfter(length);
        Assert.Throws<OperationCanceledException>(() => trainer.Run(Path.Combine(_folder, "run"), _ => seen.Add((watch.Elapsed, Tensor.TotalCount, Environment.WorkingSet)), end.Token));
        TestContext.Current.CancellationToken.ThrowIfCancellationRequested();

        // What is allocated once, kernels' own memory and the collector's first generations, is there after a fifth.
        (TimeSpan At, long Tensors, long Resident)[] settled = [.. seen.Where(sample => sample.At > 0.2 * length)];
        Assert.True(settled.Length > 100, $"only {settled.Length} steps in {0.8 * length}");
        long before = settled.Where(sample => sample.At < 0.6 * length).Max(sample => sample.Resident);
        long after = settled.Where(sample => sample.At >= 0.6 * length).Max(sample => sample.Resident);
        output.WriteLine($"{seen.Count} steps in {length}: {settled[0].Tensors} live tensors, at most {before >> 20} MiB, then {after >> 20} MiB");
        Assert.All(settled, sample => Assert.Equal(settled[0].Tensors, sample.Tensors));
        Assert.True(after <= 1.02 * before, $"resident memory rose from {before >> 20} to {after >> 20} MiB");
    }

    private static TrainingPairs Pairs(ToyGenerator generator)
    {
        RandomStream stream = new(1, "memory pairs");
        Candidate Clip(string id) => new(id, stream.NextDouble(), new PatchRewards(Grid, [.. Enumerable.Range(0, Grid.Count).Select(_ => (double?)stream.NextDouble())]));
        const string Prompt = "a red circle moving left on a dark background";
        PreferencePair[] pairs = [.. Enumerable.Range(0, PairCount).Select(i => new PreferencePair(Prompt, Clip($"a{i}"), Clip($"b{i}"), "test"))];
        Tensor Latents(string side) => GaussianNoise.Draw(new RandomStream(1, side), PairCount, 8, 8, 8, 8);
        return new TrainingPairs(pairs, Latents("A"), Latents("B"), generator.Encode([Prompt]), new int[PairCount], ToyGenerator.Lattice);
    }
}
