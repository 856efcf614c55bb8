using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Preferences;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>Pairs of noise with random rewards: the arithmetic of training is that of real ones.</summary>
internal static class RandomPairs
{
    /// <param name="count">Pairs, all of one prompt.</param>
    /// <param name="grid">Grid of the patch rewards.</param>
    /// <param name="channels">Channels of the latents.</param>
    /// <param name="lattice">The latents.</param>
    /// <param name="text_LD">Length and width of the text condition.</param>
    public static TrainingPairs Draw(int count, PatchGrid grid, int channels, LatentLattice lattice, params ReadOnlySpan<long> text_LD)
    {
        RandomStream stream = new(1, "benchmark pairs");
        Candidate Clip(string id) => new(id, stream.NextDouble(), new PatchRewards(grid, [.. Enumerable.Range(0, grid.Count).Select(_ => (double?)stream.NextDouble())]));
        PreferencePair[] pairs = [.. Enumerable.Range(0, count).Select(i => new PreferencePair("a prompt", Clip($"a{i}"), Clip($"b{i}"), "benchmark"))];
        Tensor Latents(string side) => GaussianNoise.Draw(new RandomStream(1, side), count, channels, lattice.Frames, lattice.Height, lattice.Width);
        return new TrainingPairs(pairs, Latents("A"), Latents("B"), GaussianNoise.Draw(new RandomStream(1, "context"), [1, .. text_LD]), new int[count], lattice);
    }
}
