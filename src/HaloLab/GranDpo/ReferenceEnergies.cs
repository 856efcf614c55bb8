using System.Globalization;
using HaloLab.Checkpoints;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.GranDpo;

/// <summary>
/// What the reference model makes of each pair and draw, computed once: sums of squared errors per cell of one partition, for both clips
/// (DESIGN D2). Any grid whose boundaries nest in the partition is served from them. Entries can be added at any time; the file is replaced as
/// a whole and belongs to one key, the hash of everything that the numbers depend on.
/// </summary>
/// <remarks>Entries are plain arrays of 2·cells numbers, so the cache holds no native memory.</remarks>
public sealed class ReferenceEnergies
{
    private readonly SortedDictionary<(string Pair, int Draw), float[]> _entries = [];

    private ReferenceEnergies(string path, string key, LatentLattice lattice, int channels, PatchGrid partition)
    {
        FilePath = path;
        Key = key;
        Lattice = lattice;
        Channels = channels;
        Partition = partition;
    }

    public string FilePath { get; }

    public string Key { get; }

    public LatentLattice Lattice { get; }

    public int Channels { get; }

    /// <summary>The cells that sums are kept for.</summary>
    public PatchGrid Partition { get; }

    /// <summary>Number of (pair, draw) entries.</summary>
    public int Count => _entries.Count;

    /// <summary>The key of a cache: a hash over the reference's weights and every fact that decides what it is shown.</summary>
    /// <param name="referenceWeights">All parameters and buffers of the reference.</param>
    /// <param name="draws">Seed, training target, number type: what decides noise and levels.</param>
    public static string KeyOf(IEnumerable<(string Name, Tensor Tensor)> referenceWeights, string draws)
    {
        string weights = TensorHash.Compute(referenceWeights);
        return Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{weights}\n{draws}")));
    }

    /// <summary>Opens the cache at <paramref name="path"/> to read and add to, an empty one where there is no file.</summary>
    /// <param name="path">A .safetensors file.</param>
    /// <param name="key">From <see cref="KeyOf"/>.</param>
    /// <param name="lattice">The latents' lattice.</param>
    /// <param name="channels">C.</param>
    /// <param name="partition">The finest cells wanted. A file that keeps finer ones stays as fine.</param>
    /// <exception cref="InputException">The file has another key or lattice, or its partition cannot serve the one asked for.</exception>
    public static ReferenceEnergies Open(string path, string key, LatentLattice lattice, int channels, PatchGrid partition)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        _ = new CellSums(partition, lattice.Frames, lattice.Height, lattice.Width);
        return File.Exists(path) ? Load(path, key, lattice, channels, partition) : new ReferenceEnergies(path, key, lattice, channels, partition);
    }

    public bool Contains(string pair, int draw) => _entries.ContainsKey((pair, draw));

    /// <summary>Adds the entry of one pair and draw; one that is already there stays.</summary>
    /// <param name="pair">Hash of the pair's contents.</param>
    /// <param name="draw">Number of the draw.</param>
    /// <param name="sumsA">Sums of squared errors of clip A per cell of <see cref="Partition"/>.</param>
    /// <param name="sumsB">Those of clip B.</param>
    public void Add(string pair, int draw, ReadOnlySpan<float> sumsA, ReadOnlySpan<float> sumsB)
    {
        ArgumentException.ThrowIfNullOrEmpty(pair);
        if (sumsA.Length != Partition.Count || sumsB.Length != Partition.Count)
        {
            throw new ArgumentException($"Expected {Partition.Count} sums for each clip, got {sumsA.Length} and {sumsB.Length}.");
        }

        _entries.TryAdd((pair, draw), [.. sumsA, .. sumsB]);
    }

    /// <summary>The reference's energies of some entries on a grid, in the order asked for. The tensors belong to the caller.</summary>
    /// <exception cref="InputException">The grid does not nest in <see cref="Partition"/>.</exception>
    /// <exception cref="KeyNotFoundException">An entry is missing.</exception>
    public (PatchEnergies A, PatchEnergies B) Get(IReadOnlyList<(string Pair, int Draw)> entries, PatchGrid grid, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(entries);
        RequireServed(FilePath, Lattice, grid, Partition);
        int[] cellOf = CoarseCells(grid);
        float[][] sums = [new float[entries.Count * grid.Count], new float[entries.Count * grid.Count]];
        for (int row = 0; row < entries.Count; row++)
        {
            float[] entry = _entries[entries[row]];
            for (int side = 0; side < 2; side++)
            {
                Coarsen(entry.AsSpan(side * Partition.Count, Partition.Count), cellOf, sums[side].AsSpan(row * grid.Count, grid.Count));
            }
        }

        CellSums cells = new(grid, Lattice.Frames, Lattice.Height, Lattice.Width);
        return (Energies(sums[0]), Energies(sums[1]));

        PatchEnergies Energies(float[] values)
        {
            using Tensor sums_Bthw = tensor(values, [entries.Count, grid.Time, grid.Height, grid.Width], device: device);
            return PatchEnergies.FromSums(sums_Bthw, Channels, cells);
        }
    }

    /// <summary>Writes the file atomically.</summary>
    public void Save()
    {
        using var scope = NewDisposeScope();
        long[] shape = [_entries.Count, 2, Partition.Time, Partition.Height, Partition.Width];
        Safetensors.Save(
            FilePath,
            new Dictionary<string, Tensor>
            {
                ["sums"] = _entries.Count == 0 ? empty(shape) : tensor(_entries.Values.SelectMany(values => values).ToArray(), shape),
                ["draws"] = _entries.Count == 0 ? empty([0], ScalarType.Int64) : tensor(_entries.Keys.Select(entry => (long)entry.Draw).ToArray()),
            },
            new Dictionary<string, string>
            {
                ["key"] = Key,
                ["partition"] = Partition.ToString(),
                ["lattice"] = Lattice.ToString(),
                ["channels"] = Channels.ToString(CultureInfo.InvariantCulture),
                ["pairs"] = string.Join('\n', _entries.Keys.Select(entry => entry.Pair)),
            });
    }

    private static ReferenceEnergies Load(string path, string key, LatentLattice lattice, int channels, PatchGrid partition)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = Safetensors.Load(path, out Dictionary<string, string> metadata);
        if (metadata.GetValueOrDefault("key") != key)
        {
            throw new InputException($"{path}: holds energies of another reference, seed or noise schedule (key {metadata.GetValueOrDefault("key") ?? "none"}, expected {key}). Give another path, or delete it to compute them again.");
        }

        if (metadata.GetValueOrDefault("lattice") != lattice.ToString() || metadata.GetValueOrDefault("channels") != channels.ToString(CultureInfo.InvariantCulture))
        {
            throw new InputException($"{path}: holds energies of latents {metadata.GetValueOrDefault("channels")} x {metadata.GetValueOrDefault("lattice")}, expected {channels} x {lattice}. Give another path, or delete it to compute them again.");
        }

        ReferenceEnergies cache = new(path, key, lattice, channels, PatchGrid.Parse(metadata.GetValueOrDefault("partition") ?? ""));
        RequireServed(path, lattice, partition, cache.Partition);
        string pairNames = metadata.GetValueOrDefault("pairs") ?? "";
        string[] pairs = pairNames.Length == 0 ? [] : pairNames.Split('\n');
        int cells = cache.Partition.Count;
        if (!tensors.TryGetValue("sums", out Tensor? sums) || !tensors.TryGetValue("draws", out Tensor? draws)
            || sums.dtype != ScalarType.Float32 || draws.dtype != ScalarType.Int64
            || sums.NumberOfElements != (long)pairs.Length * 2 * cells || draws.NumberOfElements != pairs.Length)
        {
            throw new InputException($"{path}: is not a whole cache of reference energies. Delete it to compute them again.");
        }

        float[] values = sums.data<float>().ToArray();
        long[] numbers = draws.data<long>().ToArray();
        for (int i = 0; i < pairs.Length; i++)
        {
            cache._entries.Add((pairs[i], (int)numbers[i]), values.AsSpan(i * 2 * cells, 2 * cells).ToArray());
        }

        return cache;
    }

    private static void RequireServed(string path, LatentLattice lattice, PatchGrid grid, PatchGrid partition)
    {
        if (!lattice.Nests(grid, partition))
        {
            throw new InputException($"{path}: grid {grid} does not nest in the grid {partition} that reference energies are kept for, on latents of {lattice}. "
                + $"Compute them again for {grid}, or for a grid whose boundaries include both.");
        }
    }

    /// <summary>For every cell of the partition the cell of <paramref name="grid"/> that contains it.</summary>
    private int[] CoarseCells(PatchGrid grid)
    {
        int[] time = CoarseAxis(Lattice.Frames, grid.Time, Partition.Time);
        int[] height = CoarseAxis(Lattice.Height, grid.Height, Partition.Height);
        int[] width = CoarseAxis(Lattice.Width, grid.Width, Partition.Width);
        return
        [
            .. Enumerable.Range(0, Partition.Count).Select(index =>
            {
                (int t, int h, int w) = Partition.Cell(index);
                return grid.Index(time[t], height[h], width[w]);
            }),
        ];
    }

    private static int[] CoarseAxis(int elements, int coarse, int fine)
    {
        int[] ends = PatchGrid.Boundaries(elements, coarse)[1..];
        return [.. PatchGrid.Boundaries(elements, fine)[..^1].Select(start => Array.FindIndex(ends, end => start < end))];
    }

    private static void Coarsen(ReadOnlySpan<float> fine, ReadOnlySpan<int> cellOf, Span<float> coarse)
    {
        Span<double> sums = coarse.Length <= 1024 ? stackalloc double[coarse.Length] : new double[coarse.Length];
        for (int cell = 0; cell < fine.Length; cell++)
        {
            sums[cellOf[cell]] += fine[cell];
        }

        for (int cell = 0; cell < coarse.Length; cell++)
        {
            coarse[cell] = (float)sums[cell];
        }
    }
}
