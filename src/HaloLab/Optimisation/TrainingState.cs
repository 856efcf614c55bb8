using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using HaloLab.Checkpoints;
using HaloLab.Scaling;
using static TorchSharp.torch;

namespace HaloLab.Optimisation;

/// <summary>
/// Everything that training needs to go on bit for bit: weights, optimiser, moving average, step, and how much of the metrics file was
/// written. Random numbers need no state: they are named by step (DESIGN D6). A file carries a checksum over all of it; the file before stays beside
/// (<see cref="PreviousOf"/>), so that one that the disk has spoilt costs the steps between them and no more.
/// </summary>
/// <param name="parameters">Trained parameters.</param>
/// <param name="optimiser">Its optimiser.</param>
/// <param name="average">Its moving average, or null.</param>
/// <param name="identity">Hash or text of what is trained on what with which settings; a checkpoint of another identity is refused.</param>
public sealed class TrainingState(FlatParameters parameters, AdamW optimiser, ExponentialMovingAverage? average, string identity)
{
    private const string Checksum = "sha256";
    private const string IdentityName = "identity";
    private const string RankCount = "ranks";
    private const string StepsName = "steps";
    private const string Values = "values";
    private const string Average = "average";

    /// <summary>How many ranks took the steps before the checkpoint that was restored; sums over a batch are rounded by it.</summary>
    public int Ranks { get; private set; } = 1;

    /// <summary>Where the checkpoint before the last is kept.</summary>
    /// <param name="path">Where the last one is.</param>
    public static string PreviousOf(string path) => Path.ChangeExtension(path, ".previous" + Path.GetExtension(path));

    /// <summary>Writes the state atomically; the one that was there stays as the previous one. Of several ranks the first one writes, the same file whether the optimiser's state is sharded or not; where it is, all call it.</summary>
    /// <param name="path">A .safetensors file.</param>
    /// <param name="metricsBytes">Length of the metrics file that belongs to this step.</param>
    /// <param name="ranks">Ranks that train; null: this process alone.</param>
    public void Save(string path, long metricsBytes = 0, Communicator? ranks = null)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = new(optimiser.GatherState());
        if (ranks is { IsFirst: false })
        {
            return;
        }

        tensors.Add(Values, parameters.Values);
        if (average is not null)
        {
            tensors.Add(Average, average.Values);
        }

        Dictionary<string, string> metadata = new()
        {
            [IdentityName] = identity,
            ["parameters"] = string.Join('\n', parameters.Names),
            [StepsName] = optimiser.Steps.ToString(CultureInfo.InvariantCulture),
            ["metrics_bytes"] = metricsBytes.ToString(CultureInfo.InvariantCulture),
            [RankCount] = (ranks?.Size ?? 1).ToString(CultureInfo.InvariantCulture),
        };
        metadata[Checksum] = ChecksumOf(metadata, tensors);

        // Killed between the two, the previous one is what there is.
        if (File.Exists(path))
        {
            File.Move(path, PreviousOf(path), overwrite: true);
        }

        Safetensors.Save(path, tensors, metadata);
    }

    /// <summary>What the checkpoint at <paramref name="path"/>, or else the previous one, says it is, and the steps done before it; null where there is none.</summary>
    /// <param name="path">A .safetensors file.</param>
    /// <exception cref="InputException">The file is broken.</exception>
    public static (string Identity, long Steps)? Peek(string path)
    {
        string found = File.Exists(path) ? path : PreviousOf(path);
        if (!File.Exists(found))
        {
            return null;
        }

        using var scope = NewDisposeScope();
        Load(found, File.Exists(PreviousOf(found)), out Dictionary<string, string> metadata);
        return (metadata[IdentityName], StepsOf(metadata));
    }

    /// <summary>Restores the state where <paramref name="path"/> exists, or else the previous one.</summary>
    /// <param name="path">A .safetensors file.</param>
    /// <param name="changes">Where the training went on with other settings: checkpoints of before are accepted.</param>
    /// <returns>The length of the metrics file that belongs to the state, or null when there is no file.</returns>
    /// <exception cref="InputException">The file belongs to other training or is broken.</exception>
    public long? Restore(string path, IReadOnlyList<TrainingChange>? changes = null)
    {
        string found = File.Exists(path) ? path : PreviousOf(path);
        if (!File.Exists(found))
        {
            return null;
        }

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> loaded = Load(found, File.Exists(PreviousOf(found)), out Dictionary<string, string> metadata);
        string[] accepted = [identity, .. (changes ?? []).Select(change => change.Identity)];
        if (!accepted.Contains(metadata[IdentityName]))
        {
            throw new InputException($"{found}: is a checkpoint of other training ('{metadata[IdentityName]}', expected '{identity}'). Give another folder, or delete it to start over.");
        }

        if (metadata["parameters"] != string.Join('\n', parameters.Names))
        {
            throw new InputException($"{found}: holds other parameters than those that are trained ({metadata["parameters"].Split('\n').Length}, expected {parameters.Names.Count}). Give another folder, or delete it to start over.");
        }

        foreach (string name in (string[])[.. AdamW.StateNames, Values, .. average is null ? [] : new[] { Average }])
        {
            if (!loaded.TryGetValue(name, out Tensor? value) || !value.shape.SequenceEqual(parameters.Values.shape))
            {
                throw new InputException($"{found}: '{name}' is missing or has another shape than [{string.Join(", ", parameters.Values.shape)}]. Delete the file to start over.");
            }
        }

        optimiser.RestoreState(loaded, StepsOf(metadata));
        parameters.Become(loaded[Values]);
        average?.Values.copy_(loaded[Average]);
        Ranks = int.Parse(metadata.GetValueOrDefault(RankCount, "1"), CultureInfo.InvariantCulture);
        return long.Parse(metadata["metrics_bytes"], CultureInfo.InvariantCulture);
    }

    private static Dictionary<string, Tensor> Load(string path, bool hasPrevious, out Dictionary<string, string> metadata)
    {
        string advice = hasPrevious
            ? $"Delete it to go on from the checkpoint before it ({Path.GetFileName(PreviousOf(path))}); its steps are done again."
            : "Delete it to start over.";
        Dictionary<string, Tensor> loaded;
        try
        {
            loaded = Safetensors.Load(path, out metadata);
        }
        catch (InputException exception)
        {
            throw new InputException($"{exception.Message} {advice}", exception);
        }

        if (!metadata.Remove(Checksum, out string? checksum) || checksum != ChecksumOf(metadata, loaded))
        {
            throw new InputException($"{path}: its contents do not have the checksum that they were written with: the file was changed or the disk is failing. {advice}");
        }

        return loaded;
    }

    private static long StepsOf(Dictionary<string, string> metadata) => long.Parse(metadata[StepsName], CultureInfo.InvariantCulture);

    private static string ChecksumOf(Dictionary<string, string> metadata, Dictionary<string, Tensor> tensors)
    {
        string text = string.Join('\n', metadata.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => $"{item.Key}={item.Value}").Append(TensorHash.Compute(tensors.Select(item => (item.Key, item.Value)))));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
