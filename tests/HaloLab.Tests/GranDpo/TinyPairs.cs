using HaloLab.GranDpo;
using HaloLab.Preferences;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

/// <summary>Six pairs of random latents with random rewards, for <see cref="TinyDenoiser"/>.</summary>
internal static class TinyPairs
{
    public const int Count = 6;

    public static PatchGrid Grid { get; } = new(2, 2, 2);

    public static LatentLattice Lattice { get; } = new(2, 4, 4, 8);

    /// <summary>Twenty steps on them.</summary>
    public static GranDpoTrainerOptions Options() => new()
    {
        Seed = 3,
        Steps = 20,
        BatchPairs = 4,
        LearningRate = 0.02,
        WarmUpSteps = 3,
        Grid = Grid,
        DrawsPerPair = 3,
        Objective = new() { BetaVideo = 20, BetaPatch = 5 },
    };

    /// <summary>Normal numbers of a named stream.</summary>
    public static Tensor Draw(string purpose, params long[] shape)
    {
        RandomStream stream = new(11, purpose);
        return tensor(Enumerable.Range(0, (int)shape.Aggregate(1L, (product, length) => product * length)).Select(_ => (float)stream.NextGaussian()).ToArray(), shape);
    }

    /// <summary>The pairs.</summary>
    /// <param name="type">What their latents are held in.</param>
    public static TrainingPairs Create(ScalarType type = ScalarType.Float32)
    {
        RandomStream stream = new(11, "rewards");
        PatchRewards Patches() => new(Grid, [.. Enumerable.Range(0, Grid.Count).Select(_ => (double?)stream.NextDouble())]);
        PreferencePair[] pairs = [.. Enumerable.Range(0, Count).Select(i => new PreferencePair($"prompt {i}", new Candidate($"a{i}", stream.NextDouble(), Patches()), new Candidate($"b{i}", stream.NextDouble(), Patches()), "test"))];
        return new TrainingPairs(pairs, Draw("a", Count, 3, 2, 4, 4).to(type), Draw("b", Count, 3, 2, 4, 4).to(type), Draw("context", 2, 2, 4).to(type), [0, 1, 0, 1, 0, 1], Lattice);
    }
}
