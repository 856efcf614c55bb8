using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>The tensors of a file under other names, or some of them only. The file stays the caller's.</summary>
public sealed class RenamedWeights : IWeightFile
{
    private readonly IWeightFile _file;
    private readonly Dictionary<string, string> _nameInFile = [];
    private readonly OrderedDictionary<string, WeightEntry> _entries = [];

    /// <param name="file">The file.</param>
    /// <param name="rename">The new name of a tensor, null to leave it out.</param>
    /// <exception cref="InputException">Two tensors would have the same name.</exception>
    public RenamedWeights(IWeightFile file, Func<string, string?> rename)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(rename);
        _file = file;
        foreach ((string name, WeightEntry entry) in file.Entries)
        {
            if (rename(name) is not string renamed)
            {
                continue;
            }

            if (!_nameInFile.TryAdd(renamed, name))
            {
                throw new InputException($"{file.Source}: '{name}' and '{_nameInFile[renamed]}' are the same tensor, {renamed}. Take the checkpoint as it was published.");
            }

            _entries.Add(renamed, entry);
        }
    }

    public string Source => _file.Source;

    public IReadOnlyDictionary<string, WeightEntry> Entries => _entries;

    public IReadOnlyDictionary<string, string> Metadata => _file.Metadata;

    public Tensor Read(string name) => _file.Read(_nameInFile[name]);

    public void ReadInto(IReadOnlyDictionary<string, Tensor> destinations) => _file.ReadInto(destinations.ToDictionary(item => _nameInFile[item.Key], item => item.Value));

    public void Dispose()
    {
    }
}
