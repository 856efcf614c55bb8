using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Optimisation;

namespace HaloLab.Experiments;

/// <summary>
/// A folder of finished stages, addressed by content. A stage works in <c>NAME-KEY.partial</c>; when it is done its manifest is written and
/// the folder renamed to <c>NAME-KEY</c>, so a folder without that ending is always whole. Interrupted work goes on in its partial folder. What it began as
/// (<see cref="StageBeginning"/>) and the checkpoint of a training (<see cref="TrainingLoop.CheckpointFiles"/>) are no part of the result and are deleted at the very end.
/// One process holds the store; those that it has compute stages beside each other (<see cref="StageWorkers"/>) hold each its stage (<see cref="StageLock"/>).
/// </summary>
/// <param name="folder">Where the stages' folders lie; made when needed.</param>
public sealed class RunStore(string folder)
{
    private const string PartialEnding = ".partial";

    /// <summary>What a stage needs to go on, and nobody needs of a finished one.</summary>
    private static readonly string[] OfUnfinished = [StageBeginning.FileName, .. TrainingLoop.CheckpointFiles];

    private static readonly JsonSerializerOptions ManifestFormat = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Reads or computes the stages and all they need, inputs first, each once.</summary>
    /// <returns>Every stage in the order in which it was met.</returns>
    /// <exception cref="InputException">The store cannot be written, is in use or was begun with other threads, or a finished stage was changed afterwards.</exception>
    public IReadOnlyList<StageResult> Run(IEnumerable<Stage> stages, IRunProgress progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(progress);
        IReadOnlyList<Stage> order = InOrder(stages);
        using FileStream held = Hold();
        ComputeRecord.Hold(folder);
        Dictionary<Stage, StageResult> results = new(ReferenceEqualityComparer.Instance);
        TimeLeft timeLeft = new(order.Sum(stage => stage.ExpectedSeconds));
        foreach (Stage stage in order)
        {
            cancellation.ThrowIfCancellationRequested();
            StageResult result = ReadOrCompute(stage, results, timeLeft, progress, cancellation);
            results.Add(stage, result);
            timeLeft.Finished(stage.ExpectedSeconds, result);
            progress.StageFinished(result);
        }

        return [.. order.Select(stage => results[stage])];
    }

    /// <summary>Reads or computes the goals and all they need by several processes, each stage by one of them. What fails takes only the goals with it that need it.</summary>
    /// <param name="goals">The stages, each with what is put before the names of those that are computed for it.</param>
    /// <param name="workers">The processes.</param>
    /// <param name="progress">Told how it goes; between start and end of a stage others start and end.</param>
    /// <param name="cancellation">Stops all within seconds.</param>
    /// <returns>For each goal all its stages, inputs first, or why it failed.</returns>
    /// <exception cref="InputException">The store cannot be written, is in use or was begun with other threads, or a worker cannot begin.</exception>
    public IReadOnlyList<(IReadOnlyList<StageResult> Stages, string? Error)> Run(IReadOnlyList<(string Label, Stage Stage)> goals, StageWorkers workers, IRunProgress progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(goals);
        ArgumentNullException.ThrowIfNull(workers);
        ArgumentNullException.ThrowIfNull(progress);
        using FileStream held = Hold();
        ComputeRecord.Hold(folder);
        return new StageScheduler(this, goals, workers, progress, cancellation).Run();
    }

    /// <summary>Reads or computes one stage for whoever holds the store. If another process computes it, that one is waited for.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="inputs">What it needs, finished.</param>
    /// <param name="progress">Told how it goes, but not of the end.</param>
    /// <param name="cancellation">Stops within seconds.</param>
    /// <exception cref="InputException">The store was begun with other threads.</exception>
    internal StageResult Run(Stage stage, IReadOnlyList<StageResult> inputs, IRunProgress progress, CancellationToken cancellation)
    {
        ComputeRecord.Hold(folder);
        Dictionary<Stage, StageResult> results = new(
            stage.Inputs.Distinct().Select(input => KeyValuePair.Create(input, inputs.Single(result => result.Name == input.Name))), ReferenceEqualityComparer.Instance);
        return ReadOrCompute(stage, results, new TimeLeft(stage.ExpectedSeconds), progress, cancellation);
    }

    /// <summary>Reads the stages and all they need, whoever works in the store; null where one is not finished.</summary>
    /// <exception cref="InputException">It was begun with other threads, or a finished stage was changed afterwards.</exception>
    public IReadOnlyList<StageResult>? Find(IEnumerable<Stage> stages)
    {
        Dictionary<Stage, StageResult> results = new(ReferenceEqualityComparer.Instance);
        foreach (Stage stage in InOrder(stages))
        {
            if (Find(stage, results) is not { } result)
            {
                return null;
            }

            results.Add(stage, result);
        }

        ComputeRecord.Hold(folder);
        return [.. results.Values];
    }

    /// <summary>SHA-256 over the stage's name, version, settings and the contents of its inputs, in lower-case hexadecimal.</summary>
    public static string KeyOf(Stage stage, IReadOnlyDictionary<string, string> inputHashes)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(inputHashes);
        JsonObject identity = new()
        {
            ["name"] = stage.Name,
            ["version"] = stage.Version,
            ["settings"] = stage.Settings.DeepClone(),
            ["inputs"] = new JsonObject([.. inputHashes.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))]),
        };
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity.ToJsonString())));
    }

    /// <summary>A stage whose inputs are finished; null where it is not finished itself.</summary>
    /// <exception cref="InputException">It was changed afterwards.</exception>
    internal StageResult? Find(Stage stage, IReadOnlyDictionary<Stage, StageResult> results)
    {
        (string key, _, string finished) = Address(stage, results);
        return Directory.Exists(finished) ? Read(stage, key, finished) : null;
    }

    /// <summary>Whether a stage's folder is one that has no end yet.</summary>
    internal static bool IsPartial(string stageFolder) => stageFolder.EndsWith(PartialEnding, StringComparison.Ordinal);

    /// <summary>Folders of unfinished stages of a name beside one of them, with what each began as.</summary>
    /// <param name="stageFolder">Folder of a stage at work.</param>
    internal static IReadOnlyList<(string Folder, StageBeginning Beginning)> UnfinishedBeside(string stageFolder) =>
    [
        .. Directory.GetDirectories(Path.GetDirectoryName(stageFolder)!, StageNameOf(stageFolder) + "-*" + PartialEnding)
            .Where(other => other != stageFolder && StageNameOf(other) == StageNameOf(stageFolder) && File.Exists(Path.Combine(other, StageBeginning.FileName)))
            .Order(StringComparer.Ordinal)
            .Select(other => (other, StageBeginning.Read(other))),
    ];

    /// <summary>Name of the stage whose folder that is.</summary>
    internal static string StageNameOf(string stageFolder)
    {
        string name = Path.GetFileName(IsPartial(stageFolder) ? stageFolder[..^PartialEnding.Length] : stageFolder);
        return name[..name.LastIndexOf('-')];
    }

    /// <summary>The stages and all they need, inputs first, each object once.</summary>
    internal static IReadOnlyList<Stage> InOrder(IEnumerable<Stage> stages)
    {
        ArgumentNullException.ThrowIfNull(stages);
        List<Stage> order = [];
        foreach (Stage stage in stages)
        {
            AddInputsFirst(stage, order);
        }

        return order;
    }

    private static void AddInputsFirst(Stage stage, List<Stage> order)
    {
        if (order.Exists(known => ReferenceEquals(known, stage)))
        {
            return;
        }

        foreach (Stage input in stage.Inputs)
        {
            AddInputsFirst(input, order);
        }

        order.Add(stage);
    }

    private StageResult ReadOrCompute(Stage stage, Dictionary<Stage, StageResult> results, TimeLeft timeLeft, IRunProgress progress, CancellationToken cancellation)
    {
        (string key, SortedDictionary<string, string> inputHashes, string finished) = Address(stage, results);
        if (!Directory.Exists(finished))
        {
            using StageLock held = StageLock.Take(finished, cancellation);

            // Whoever was waited for may have finished it.
            if (!Directory.Exists(finished))
            {
                return Compute(stage, key, inputHashes, finished, results, timeLeft, progress, cancellation);
            }
        }

        return Read(stage, key, finished);
    }

    private static StageResult Compute(
        Stage stage, string key, SortedDictionary<string, string> inputHashes, string finished, Dictionary<Stage, StageResult> results, TimeLeft timeLeft, IRunProgress progress, CancellationToken cancellation)
    {
        string partial = finished + PartialEnding;
        bool resumed = Directory.Exists(partial);
        CreateFolder(partial);
        if (!File.Exists(Path.Combine(partial, StageBeginning.FileName)))
        {
            JsonFile.Write(Path.Combine(partial, StageBeginning.FileName), new StageBeginning(stage.Name, stage.Version, stage.Settings, inputHashes, RunManifest.ProgramVersion));
        }

        Dictionary<string, string> inputFolders = stage.Inputs.Distinct().ToDictionary(input => input.Name, input => results[input].Folder);
        progress.StageStarted(stage.Name, partial, timeLeft.At(stage.ExpectedSeconds, 0));
        Stopwatch watch = Stopwatch.StartNew();
        StageProgress stageProgress = new(share => progress.StageAdvanced(stage.Name, share, timeLeft.At(stage.ExpectedSeconds, share)));
        try
        {
            stage.Work(new StageContext(partial, inputFolders, stageProgress, cancellation));
        }
        catch (InputException) when (Directory.GetFileSystemEntries(partial).Length == 1)
        {
            // Refused before it had written anything: there is nothing to go on from.
            Directory.Delete(partial, recursive: true);
            throw;
        }

        SortedDictionary<string, string> files = HashFiles(partial);
        StageManifest manifest = new(stage.Name, stage.Version, key, stage.Settings, inputHashes, files, HashOf(files), watch.Elapsed.TotalSeconds, resumed);
        AtomicFile.WriteAllText(Path.Combine(partial, StageManifest.FileName), JsonSerializer.Serialize(manifest, ManifestFormat));
        Directory.Move(partial, finished);
        foreach (string file in OfUnfinished)
        {
            File.Delete(Path.Combine(finished, file));
        }

        return new StageResult(stage.Name, key, finished, manifest.OutputHash, manifest.Seconds, WasRead: false);
    }

    /// <summary>A stage's key, what it is made from, and the folder that it has when it is finished.</summary>
    private (string Key, SortedDictionary<string, string> InputHashes, string Finished) Address(Stage stage, IReadOnlyDictionary<Stage, StageResult> results)
    {
        SortedDictionary<string, string> inputHashes = new(stage.Inputs.Distinct().ToDictionary(input => input.Name, input => results[input].OutputHash), StringComparer.Ordinal);
        string key = KeyOf(stage, inputHashes);
        return (key, inputHashes, Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{stage.Name}-{key[..12]}")));
    }

    private static StageResult Read(Stage stage, string key, string finished)
    {
        string manifestPath = Path.Combine(finished, StageManifest.FileName);
        StageManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<StageManifest>(File.ReadAllText(manifestPath), ManifestFormat);
        }
        catch (Exception exception) when (exception is IOException or JsonException)
        {
            throw new InputException($"{manifestPath}: cannot be read ({exception.Message}). Delete the folder to compute the stage again.", exception);
        }

        SortedDictionary<string, string> files = HashFiles(finished);
        string? changed = manifest is null ? StageManifest.FileName : manifest.Files.Keys.Union(files.Keys).FirstOrDefault(name => manifest.Files.GetValueOrDefault(name) != files.GetValueOrDefault(name));
        if (changed is not null || manifest!.Key != key)
        {
            throw new InputException($"{finished}: {changed ?? "the key"} is not what the stage '{stage.Name}' wrote. Delete the folder to compute the stage again.");
        }

        return new StageResult(stage.Name, key, finished, manifest.OutputHash, manifest.Seconds, WasRead: true);
    }

    /// <summary>Keeps a second process out for as long as it is open; the system lets go of it when this process is killed.</summary>
    private FileStream Hold()
    {
        CreateFolder(folder);
        string path = Path.Combine(folder, "in-use");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{folder}: cannot be taken for this run ({exception.Message}). If another run works there, wait for it or give another --out.", exception);
        }
    }

    private static void CreateFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be made ({exception.Message}). Give --out a folder that you may write to.", exception);
        }
    }

    private static SortedDictionary<string, string> HashFiles(string root)
    {
        SortedDictionary<string, string> hashes = new(StringComparer.Ordinal);
        foreach (string path in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(root, path).Replace('\\', '/');
            if (name == StageManifest.FileName || OfUnfinished.Contains(name))
            {
                continue;
            }

            // What a killed writer left: never read, so not part of the result.
            if (name.EndsWith(".tmp", StringComparison.Ordinal))
            {
                File.Delete(path);
                continue;
            }

            hashes.Add(name, FileHash.Of(path));
        }

        return hashes;
    }

    private static string HashOf(SortedDictionary<string, string> files) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(files.Select(file => $"{file.Value} {file.Key}\n")))));

    /// <summary>Calls at once, on the caller's thread (<see cref="Progress{T}"/> would post to a pool and come late).</summary>
    private sealed class StageProgress(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
