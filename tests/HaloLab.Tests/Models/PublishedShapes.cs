using System.Globalization;
using HaloLab.Checkpoints;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models;

/// <summary>A published checkpoint of which only the names and shapes are known: its tensors are on the meta device.</summary>
internal sealed class PublishedShapes : IWeightFile
{
    private readonly OrderedDictionary<string, WeightEntry> _entries;

    private PublishedShapes(string path)
    {
        Source = path;
        _entries = new(File.ReadAllLines(path).Where(line => !line.StartsWith('#')).Select(line => line.Split('\t')).Select(parts => KeyValuePair.Create(
            parts[0], new WeightEntry("BF16", ScalarType.BFloat16, [.. parts[1].Trim('[', ']').Split(',').Select(length => long.Parse(length, CultureInfo.InvariantCulture))]))));
    }

    public string Source { get; }

    public IReadOnlyDictionary<string, WeightEntry> Entries => _entries;

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Reads <c>real_keys.txt</c> of a folder of goldens: a name, a tab and a shape on each line.</summary>
    public static PublishedShapes Of(string folder) => new(Path.Combine(RepositoryRoot.Path, "tests", "goldens", folder, "real_keys.txt"));

    public Tensor Read(string name) => empty([.. _entries[name].Shape], ScalarType.Float32, META);

    public void Dispose()
    {
    }
}
