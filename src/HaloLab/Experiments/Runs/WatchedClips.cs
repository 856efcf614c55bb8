using System.Globalization;

namespace HaloLab.Experiments.Runs;

/// <summary>The clips that a watched training sampled: the same prompts with the same noise after several steps (<see cref="TrainingWatch"/>).</summary>
public sealed class WatchedClips
{
    private readonly string _folder;

    private WatchedClips(string folder)
    {
        _folder = folder;
        Prompts = JsonFile.Read<string[]>(Path.Combine(folder, TrainingWatch.PromptsFile));
        Steps = [.. Directory.GetDirectories(folder, TrainingWatch.StepPrefix + "*").Select(path => long.Parse(Path.GetFileName(path).AsSpan(TrainingWatch.StepPrefix.Length), CultureInfo.InvariantCulture)).Order()];
    }

    /// <summary>Name of the watch: its folder, which what was watched and how decide.</summary>
    public string Name => Path.GetFileName(_folder);

    /// <summary>What was sampled.</summary>
    public IReadOnlyList<string> Prompts { get; }

    /// <summary>Numbers of steps after which it was, rising; not empty.</summary>
    public IReadOnlyList<long> Steps { get; }

    /// <summary>The file of a clip; null where it is not there (any more).</summary>
    /// <param name="step">One of <see cref="Steps"/>.</param>
    /// <param name="prompt">Place of the prompt.</param>
    public string? Find(long step, int prompt)
    {
        string path = Path.Combine(TrainingWatch.StepFolder(_folder, step), TrainingWatch.ClipFile(prompt));
        return File.Exists(path) ? path : null;
    }

    /// <summary>The folder of a run's newest clips, or null. It may be that of a look under way.</summary>
    /// <param name="run">The run's folder.</param>
    public static string? Newest(string run)
    {
        string folder = Path.Combine(run, TrainingWatch.Folder);
        return Directory.Exists(folder)
            ? Directory.GetDirectories(folder).SelectMany(watch => Directory.GetDirectories(watch, TrainingWatch.StepPrefix + "*")).Where(step => Directory.EnumerateFiles(step).Any()).MaxBy(step => Directory.GetLastWriteTimeUtc(step))
            : null;
    }

    /// <summary>The watches of a run. One from before prompts were kept is not among them.</summary>
    internal static IReadOnlyList<WatchedClips> In(string run)
    {
        string folder = Path.Combine(run, TrainingWatch.Folder);
        return Directory.Exists(folder)
            ? [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Where(path => File.Exists(Path.Combine(path, TrainingWatch.PromptsFile))).Select(path => new WatchedClips(path)).Where(watch => watch.Steps.Count > 0)]
            : [];
    }
}
