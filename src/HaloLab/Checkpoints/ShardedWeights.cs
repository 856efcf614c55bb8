using System.Text.Json;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>A checkpoint in several safetensors files beside an index (<c>….safetensors.index.json</c>) that says which tensor lies in which.</summary>
public sealed class ShardedWeights : IWeightFile
{
    private readonly OrderedDictionary<string, WeightEntry> _entries = [];
    private readonly Dictionary<string, SafetensorsFile> _fileOf = [];
    private readonly List<SafetensorsFile> _files = [];

    private ShardedWeights(string index)
    {
        Source = index;
        Dictionary<string, string> map = ReadIndex(index);
        string folder = Path.GetDirectoryName(Path.GetFullPath(index))!;
        try
        {
            foreach (string name in map.Values.Distinct().Order(StringComparer.Ordinal))
            {
                // The index comes from a stranger: it may name files beside it and no others.
                if (name != Path.GetFileName(name))
                {
                    throw new InputException($"{index}: names the file '{name}', expected one in the same folder.");
                }

                SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, name));
                _files.Add(file);
                string? stray = file.Entries.Keys.FirstOrDefault(key => map.GetValueOrDefault(key) != name);
                if (stray is not null)
                {
                    throw new InputException($"{file.Source}: holds '{stray}', which {Path.GetFileName(index)} does not place there. Download the checkpoint again.");
                }

                foreach ((string key, WeightEntry entry) in file.Entries)
                {
                    _entries.Add(key, entry);
                    _fileOf.Add(key, file);
                }
            }

            string? missing = map.Keys.FirstOrDefault(key => !_entries.ContainsKey(key));
            if (missing is not null)
            {
                throw new InputException($"{index}: places '{missing}' in {map[missing]}, which does not hold it. Download the checkpoint again.");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Source { get; }

    public IReadOnlyDictionary<string, WeightEntry> Entries => _entries;

    public IReadOnlyDictionary<string, string> Metadata => _files.Count > 0 ? _files[0].Metadata : new Dictionary<string, string>();

    /// <summary>Opens the index and every file it names.</summary>
    /// <exception cref="InputException">A file is missing or broken, or index and files do not agree.</exception>
    public static ShardedWeights Open(string index)
    {
        ArgumentNullException.ThrowIfNull(index);
        return new ShardedWeights(index);
    }

    public Tensor Read(string name) => _fileOf[name].Read(name);

    public void ReadInto(IReadOnlyDictionary<string, Tensor> destinations)
    {
        foreach (IGrouping<SafetensorsFile, KeyValuePair<string, Tensor>> ofFile in destinations.GroupBy(item => _fileOf[item.Key]))
        {
            ofFile.Key.ReadInto(ofFile.ToDictionary());
        }
    }

    public void Dispose()
    {
        foreach (SafetensorsFile file in _files)
        {
            file.Dispose();
        }
    }

    private static Dictionary<string, string> ReadIndex(string index)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(index));
            return json.RootElement.GetProperty("weight_map").EnumerateObject().ToDictionary(item => item.Name, item => item.Value.GetString()!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            throw new InputException($"{index}: cannot be read ({exception.Message}). Expected an index of safetensors files with a 'weight_map'.", exception);
        }
    }
}
