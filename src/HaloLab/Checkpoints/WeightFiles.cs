namespace HaloLab.Checkpoints;

/// <summary>Opens whatever a checkpoint is published as.</summary>
public static class WeightFiles
{
    private const string IndexEnding = ".safetensors.index.json";

    /// <summary>
    /// A <c>.safetensors</c> file, an index of several, a file of <c>torch.save</c>, or a folder with one of these.
    /// </summary>
    /// <exception cref="InputException">There is no such file, more than one in the folder, or it is broken.</exception>
    public static IWeightFile Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string file = Directory.Exists(path) ? FileIn(path) : path;
        return file.EndsWith(IndexEnding, StringComparison.Ordinal) ? ShardedWeights.Open(file)
            : file.EndsWith(".safetensors", StringComparison.Ordinal) ? SafetensorsFile.Open(file)
            : TorchCheckpoint.Open(file);
    }

    /// <summary>SHA-256 of a checkpoint's files, and of others beside them, by their paths within a folder.</summary>
    /// <param name="file">The checkpoint; all <c>.safetensors</c> of the folder where it is in several.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="others">Paths of other files.</param>
    internal static IReadOnlyDictionary<string, string> HashesWith(IWeightFile file, string folder, params string[] others)
    {
        string[] shards = file is ShardedWeights ? Directory.GetFiles(folder, "*.safetensors") : [];
        return others.Append(file.Source).Concat(shards).ToDictionary(path => Path.GetRelativePath(folder, path), path => FileHash.Of(path));
    }

    private static string FileIn(string folder)
    {
        string[] Matching(params string[] patterns) => [.. patterns.SelectMany(pattern => Directory.GetFiles(folder, pattern)).Order(StringComparer.Ordinal)];
        foreach (string[] found in new[] { Matching("*" + IndexEnding), Matching("*.safetensors"), Matching("*.ckpt", "*.pt", "*.pth", "*.bin") })
        {
            if (found.Length > 0)
            {
                return found.Length == 1
                    ? found[0]
                    : throw new InputException($"{folder}: holds {string.Join(", ", found.Take(8).Select(path => Path.GetFileName(path)))}; name the one that is meant.");
            }
        }

        throw new InputException($"{folder}: holds no checkpoint. Expected .safetensors, an index of several, .ckpt, .pt, .pth or .bin.");
    }
}
