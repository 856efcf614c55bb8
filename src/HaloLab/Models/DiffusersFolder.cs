using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using static TorchSharp.torch.nn;

namespace HaloLab.Models;

/// <summary>A pipeline as diffusers publishes it: <c>model_index.json</c> beside a folder for each part, with its configuration and weights.</summary>
public sealed class DiffusersFolder
{
    private const string IndexFile = "model_index.json";
    private const string ClassField = "_class_name";

    private DiffusersFolder(string path, string pipeline) => (Path, Pipeline) = (path, pipeline);

    public string Path { get; }

    /// <summary>Class of the pipeline, for example <c>WanPipeline</c>.</summary>
    public string Pipeline { get; }

    /// <summary>Whether a folder says that it is one.</summary>
    public static bool IsOne(string path) => File.Exists(System.IO.Path.Combine(path, IndexFile));

    /// <exception cref="InputException">There is no such folder, or it does not say what it is.</exception>
    public static DiffusersFolder Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string index = System.IO.Path.Combine(path, IndexFile);
        if (!IsOne(path))
        {
            throw new InputException($"{path}: holds no {IndexFile}. Expected a model's folder as diffusers publishes it, with all its parts.");
        }

        JsonElement json = ConfigurationFile.Open(index);
        return json.ValueKind == JsonValueKind.Object && json.TryGetProperty(ClassField, out JsonElement name) && name.ValueKind == JsonValueKind.String
            ? new DiffusersFolder(path, name.GetString()!)
            : throw new InputException($"{index}: has no {ClassField}, which says what pipeline this is.");
    }

    /// <summary>The path of a part's file.</summary>
    public string FileOf(string part, string file) => System.IO.Path.Combine(Path, part, file);

    /// <summary>A part's configuration.</summary>
    /// <param name="part">The part's folder.</param>
    /// <param name="read">Makes it of the content of its file; the second argument is what to call that in messages.</param>
    /// <param name="file">Name of the file.</param>
    /// <exception cref="InputException">It is missing or not what it should be.</exception>
    public T Configuration<T>(string part, Func<JsonElement, string, T> read, string file = "config.json")
    {
        ArgumentNullException.ThrowIfNull(read);
        string path = FileOf(part, file);
        return read(ConfigurationFile.Open(path), path);
    }

    /// <summary>Fills a part's module from its weights, in evaluation mode and without gradients, and puts it on <see cref="Compute.Device"/>.</summary>
    /// <param name="part">The part's folder.</param>
    /// <param name="module">The module.</param>
    /// <param name="unused">Keys that may be there and are not needed.</param>
    /// <exception cref="InputException">Weights are missing, broken, or do not fit.</exception>
    public T Fill<T>(string part, T module, IReadOnlyCollection<string>? unused = null)
        where T : Module
    {
        ArgumentNullException.ThrowIfNull(module);
        using (IWeightFile file = WeightFiles.Open(System.IO.Path.Combine(Path, part)))
        {
            StateLoader.Load(module, file, unused);
        }

        return module.ReadyForUse();
    }

    /// <summary>Number of values in a part's weights.</summary>
    /// <param name="part">The part's folder.</param>
    public long Values(string part)
    {
        using IWeightFile file = WeightFiles.Open(System.IO.Path.Combine(Path, part));
        return file.Entries.Values.Sum(entry => entry.Elements);
    }

    /// <summary>SHA-256 of every file of some parts, by its path within the folder.</summary>
    /// <param name="parts">The parts' folders.</param>
    public SortedDictionary<string, string> Hashes(IEnumerable<string> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        SortedDictionary<string, string> hashes = new(StringComparer.Ordinal) { [IndexFile] = FileHash.Of(System.IO.Path.Combine(Path, IndexFile)) };
        foreach (string file in parts.SelectMany(part => Directory.GetFiles(System.IO.Path.Combine(Path, part))))
        {
            hashes[System.IO.Path.GetRelativePath(Path, file)] = FileHash.Of(file);
        }

        return hashes;
    }
}
