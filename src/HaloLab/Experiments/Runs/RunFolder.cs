using System.Text.Json.Nodes;
using HaloLab.Optimisation;

namespace HaloLab.Experiments.Runs;

/// <summary>A folder that one of the verbs wrote: its manifest, if it came to its end, its stages and what was trained.</summary>
public sealed class RunFolder
{
    private const string ManifestFile = "manifest.json";
    private const string StagesFolder = "stages";
    private const string SamplesPrefix = "samples-";
    private readonly JsonObject? _manifest;

    private RunFolder(string folder)
    {
        Folder = folder;
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        string manifest = Path.Combine(folder, ManifestFile);
        string stages = Path.Combine(folder, StagesFolder);
        _manifest = File.Exists(manifest) ? JsonFile.Read<JsonObject>(manifest) : null;
        string[] folders = Directory.Exists(stages) ? [.. Directory.GetDirectories(stages).Order(StringComparer.Ordinal)] : [];
        Stages = [.. folders.Where(path => !RunStore.IsPartial(path)).Select(RunStore.StageNameOf)];
        Unfinished = [.. folders.Where(RunStore.IsPartial).Select(RunStore.StageNameOf)];
        Trainings = [.. folders.Where(path => File.Exists(Path.Combine(path, TrainingLoop.MetricsFile))).Select(path => new RunTraining(RunStore.StageNameOf(path), path, !RunStore.IsPartial(path)))];
        Watches = WatchedClips.In(folder);
        string[] sampled = [.. folders.Where(path => !RunStore.IsPartial(path) && RunStore.StageNameOf(path).StartsWith(SamplesPrefix, StringComparison.Ordinal))];

        // Variants of an ablation share their names: their keys set them apart.
        Samples = [.. sampled.Select(path => (Stages.Count(stage => stage == RunStore.StageNameOf(path)) == 1 ? RunStore.StageNameOf(path) : Path.GetFileName(path), path)).Select(stage => (stage.Item1[SamplesPrefix.Length..], stage.path))];
        Changed = folders.Append(folder).Max(Directory.GetLastWriteTimeUtc);
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Its last part.</summary>
    public string Name { get; }

    /// <summary>What was asked for; null before the run has ended once.</summary>
    public string? Command => Text("command");

    /// <summary>Version and commit of HaloLab, or null.</summary>
    public string? Version => Text("haloLab");

    /// <summary>When something was last written.</summary>
    public DateTime Changed { get; }

    /// <summary>Names of finished stages.</summary>
    public IReadOnlyList<string> Stages { get; }

    /// <summary>Names of stages that were begun and have no end yet.</summary>
    public IReadOnlyList<string> Unfinished { get; }

    /// <summary>What was trained.</summary>
    public IReadOnlyList<RunTraining> Trainings { get; }

    /// <summary>What was sampled while something was trained.</summary>
    public IReadOnlyList<WatchedClips> Watches { get; }

    /// <summary>Samples of a reproduction or an ablation: the arm with its seed, and the folder of the stage.</summary>
    internal IReadOnlyList<(string Name, string Folder)> Samples { get; }

    /// <summary>Whether it came to its end and nothing was begun after.</summary>
    public bool IsFinished => _manifest is not null && Unfinished.Count == 0;

    /// <summary>Wall time of its stages, in seconds; null without a manifest.</summary>
    public double? Seconds => _manifest?["stages"] is JsonArray lines ? lines.Sum(line => line?["seconds"]?.GetValue<double>() ?? 0) : null;

    /// <summary>Everything that the manifest says, by dotted names, but for the stages.</summary>
    public IReadOnlyDictionary<string, string> Facts
    {
        get
        {
            SortedDictionary<string, string> facts = JsonFile.Facts(_manifest);
            facts.Remove(StagesFolder);
            return facts;
        }
    }

    /// <summary>Reads a run's folder.</summary>
    /// <exception cref="InputException">There is no such folder, it is no run's, or a file in it is broken.</exception>
    public static RunFolder Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return !Directory.Exists(folder) ? throw new InputException($"{folder}: does not exist. Give the folder of a run, what --out named.")
            : !IsRun(folder) ? throw new InputException($"{folder}: holds neither {ManifestFile} nor a folder '{StagesFolder}', so it is no run's folder. Give what --out named.")
            : new RunFolder(folder);
    }

    /// <summary>The runs in and below a folder, the last changed first; what is inside a run is its own.</summary>
    /// <exception cref="InputException">There is no such folder, or a run's file is broken.</exception>
    public static IReadOnlyList<RunFolder> Find(string root)
    {
        if (!Directory.Exists(root))
        {
            throw new InputException($"{root}: does not exist. Give the folder that holds runs.");
        }

        List<RunFolder> found = [];
        Collect(root, found);
        return [.. found.OrderByDescending(run => run.Changed).ThenBy(run => run.Folder, StringComparer.Ordinal)];
    }

    private static void Collect(string folder, List<RunFolder> found)
    {
        if (IsRun(folder))
        {
            found.Add(new RunFolder(folder));
            return;
        }

        foreach (string inner in Directory.GetDirectories(folder))
        {
            Collect(inner, found);
        }
    }

    private static bool IsRun(string folder) => Directory.Exists(Path.Combine(folder, StagesFolder)) || (File.Exists(Path.Combine(folder, ManifestFile)) && JsonFile.Read<JsonObject>(Path.Combine(folder, ManifestFile))["haloLab"] is not null);

    private string? Text(string field) => _manifest?[field] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
