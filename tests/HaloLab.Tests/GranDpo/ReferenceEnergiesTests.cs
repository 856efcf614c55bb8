using HaloLab.GranDpo;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

public sealed class ReferenceEnergiesTests : IDisposable
{
    private static readonly LatentLattice Lattice = new(4, 7, 5, 8);
    private static readonly PatchGrid Fine = new(4, 4, 4);
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-reference").FullName;

    private string CachePath => Path.Combine(_folder, "reference.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private ReferenceEnergies Open(PatchGrid partition, string key = "key") => ReferenceEnergies.Open(CachePath, key, Lattice, 3, partition);

    private static Tensor Error(int seed) => tensor(new Random(seed).GetItems([-1f, 0.5f, 2f, 0.1f], 3 * 4 * 7 * 5), [1, 3, 4, 7, 5]);

    private static float[] Sums(int seed, PatchGrid grid)
    {
        Tensor error = Error(seed);
        return PatchEnergies.SquaredErrorSums(error, zeros_like(error), new CellSums(grid, 4, 7, 5)).data<float>().ToArray();
    }

    private void Fill(ReferenceEnergies cache)
    {
        cache.Add("p", 0, Sums(1, cache.Partition), Sums(2, cache.Partition));
        cache.Add("p", 1, Sums(3, cache.Partition), Sums(4, cache.Partition));
        cache.Add("q", 0, Sums(5, cache.Partition), Sums(6, cache.Partition));
    }

    [Fact]
    public void SavedEnergiesServeTheirGridExactlyAndNestedGridsToRounding()
    {
        ReferenceEnergies first = Open(Fine);
        Fill(first);
        first.Save();
        ReferenceEnergies cache = Open(new PatchGrid(2, 2, 1));
        Assert.Equal(3, cache.Count);
        Assert.Equal(Fine, cache.Partition);
        foreach ((PatchGrid grid, double tolerance) in new[] { (Fine, 0.0), (new PatchGrid(2, 2, 1), 1e-6), (new PatchGrid(1, 1, 1), 1e-6), (new PatchGrid(4, 1, 2), 1e-6) })
        {
            (PatchEnergies a, PatchEnergies b) = cache.Get([("q", 0), ("p", 1)], grid);
            PatchEnergies expectedA = PatchEnergies.Compute(cat([Error(5), Error(3)]), zeros([2, 3, 4, 7, 5]), grid);
            PatchEnergies expectedB = PatchEnergies.Compute(cat([Error(6), Error(4)]), zeros([2, 3, 4, 7, 5]), grid);
            TensorAssert.Close(expectedA.Cells_Bthw, a.Cells_Bthw, tolerance, 0, $"{grid}");
            TensorAssert.Close(expectedB.Cells_Bthw, b.Cells_Bthw, tolerance, 0, $"{grid}");
            TensorAssert.Close(expectedA.Video_B, a.Video_B, tolerance, 0, $"{grid}");
        }
    }

    [Fact]
    public void GridThatDoesNotNestIsRefusedByName()
    {
        ReferenceEnergies cache = Open(Fine);
        Fill(cache);
        cache.Save();
        foreach (Action act in new Action[] { () => cache.Get([("p", 0)], new PatchGrid(2, 3, 1)), () => Open(new PatchGrid(2, 3, 1)) })
        {
            InputException exception = Assert.Throws<InputException>(act);
            Assert.Contains("2x3x1", exception.Message, StringComparison.Ordinal);
            Assert.Contains("4x4x4", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnotherReferencesCacheIsRefused()
    {
        ReferenceEnergies cache = Open(Fine);
        Fill(cache);
        cache.Save();
        Assert.Contains("another reference", Assert.Throws<InputException>(() => Open(Fine, "other")).Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => ReferenceEnergies.Open(CachePath, "key", Lattice, 4, Fine));
        Assert.Throws<InputException>(() => ReferenceEnergies.Open(CachePath, "key", Lattice with { Frames = 8 }, 3, Fine));
    }

    [Fact]
    public void BuildingGoesOnWhereItStopped()
    {
        ReferenceEnergies whole = Open(Fine);
        Fill(whole);
        whole.Save();
        byte[] expected = File.ReadAllBytes(CachePath);
        File.Delete(CachePath);
        ReferenceEnergies part = Open(Fine);
        part.Add("q", 0, Sums(5, Fine), Sums(6, Fine));
        part.Save();
        ReferenceEnergies resumed = Open(Fine);
        Assert.True(resumed.Contains("q", 0));
        Assert.False(resumed.Contains("p", 0));
        Fill(resumed);
        resumed.Save();
        Assert.Equal(expected, File.ReadAllBytes(CachePath));
    }

    [Fact]
    public void KeyFollowsWeightsAndDraws()
    {
        string key = ReferenceEnergies.KeyOf([("w", ones(2)), ("b", zeros(1))], "seed 1");
        Assert.Equal(key, ReferenceEnergies.KeyOf([("b", zeros(1)), ("w", ones(2))], "seed 1"));
        Assert.NotEqual(key, ReferenceEnergies.KeyOf([("b", zeros(1)), ("w", ones(2))], "seed 2"));
        Assert.NotEqual(key, ReferenceEnergies.KeyOf([("b", zeros(1)), ("w", ones(2) + 1e-6)], "seed 1"));
        Assert.NotEqual(key, ReferenceEnergies.KeyOf([("b", zeros(1)), ("w", ones(2, 1))], "seed 1"));
    }
}
