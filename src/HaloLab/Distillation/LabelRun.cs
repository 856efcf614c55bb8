using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using HaloLab.Videos;

namespace HaloLab.Distillation;

/// <summary>
/// Labels clips into a folder: <c>labels.jsonl</c> (each label once), <c>checks.jsonl</c> (repeats and hidden duplicates), <c>report.json</c>, and
/// <c>label.json</c>, the settings that the folder was begun with. Or compares pairs of them into <c>comparisons.jsonl</c>. The ledger is the memory: these files are written whole from it when a run ends, however
/// it ends, so a kill can neither lose nor double a label.
/// </summary>
public sealed class LabelRun : IDisposable
{
    public const string LabelsFile = "labels.jsonl";
    public const string ChecksFile = "checks.jsonl";
    public const string ComparisonsFile = "comparisons.jsonl";
    public const string ReportFile = "report.json";
    public const string LedgerFile = "ledger.db";
    private const string SettingsFile = "label.json";

    private static readonly JsonSerializerOptions Indented = new(TeacherLabelFile.Format) { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    private readonly string _folder;
    private readonly PatchGrid _grid;
    private readonly FileStream _held;

    private LabelRun(string folder, PatchGrid grid, FileStream held) => (_folder, _grid, _held) = (folder, grid, held);

    /// <summary>Takes the folder, alone, for these settings.</summary>
    /// <param name="folder">Made when needed.</param>
    /// <param name="grid">The patches.</param>
    /// <param name="settings">Everything that determines the labels: a folder goes on with those it was begun with.</param>
    /// <exception cref="InputException">The folder is in use, was begun with other settings, or cannot be written.</exception>
    public static LabelRun Open(string folder, PatchGrid grid, JsonObject settings)
    {
        ArgumentNullException.ThrowIfNull(settings);

        // As they will be read again: numbers compare by what is written.
        settings = JsonNode.Parse(settings.ToJsonString())!.AsObject();
        FileStream held = Hold(folder);
        try
        {
            string path = Path.Combine(folder, SettingsFile);
            if (File.Exists(path))
            {
                RequireSame(path, JsonNode.Parse(File.ReadAllText(path))!.AsObject(), settings);
            }
            else
            {
                AtomicFile.WriteAllText(path, settings.ToJsonString(Indented) + "\n");
            }

            return new LabelRun(folder, grid, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The settings that a folder was begun with, null where there are none.</summary>
    public static JsonObject? Settings(string folder)
    {
        string path = Path.Combine(folder, SettingsFile);
        try
        {
            return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))!.AsObject() : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or IOException)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Give another --out.", exception);
        }
    }

    /// <summary>Decodes every clip, refuses those not worth a question, and counts what is to be asked.</summary>
    /// <param name="clips">Files and prompts.</param>
    /// <param name="grid">The patches.</param>
    /// <param name="teacher">Counts requests and money; null for a teacher that costs nothing.</param>
    /// <param name="progress">Told the share done.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="InputException">No clip can be sent.</exception>
    public static async Task<LabelPlan> PlanAsync(IReadOnlyList<PromptedClip> clips, PatchGrid grid, ChatTeacher? teacher, Action<double> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentNullException.ThrowIfNull(progress);
        List<PromptedClip> sent = [];
        List<RefusedClip> refused = [];
        Dictionary<(string Hash, string Prompt), string> seen = [];
        RequestEstimate outstanding = RequestEstimate.None;
        int stored = 0;
        for (int i = 0; i < clips.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            (string path, string prompt) = (clips[i].Path, clips[i].Prompt);
            (VideoClip? clip, string? problem) = await DecodeAsync(path, cancellation).ConfigureAwait(false);
            problem ??= ClipCheck.Problem(clip!);
            if (problem is null && seen.TryGetValue((clip!.ContentHash, prompt), out string? same))
            {
                problem = $"shows the same as {Path.GetFileName(same)}";
            }

            if (problem is not null)
            {
                refused.Add(new RefusedClip(path, problem));
            }
            else
            {
                seen.Add((clip!.ContentHash, prompt), path);
                sent.Add(clips[i]);
                if (teacher is not null)
                {
                    (RequestEstimate cost, int known) = await teacher.EstimateAsync(clip, prompt, grid).ConfigureAwait(false);
                    outstanding += cost;
                    stored += known;
                }
            }

            progress((i + 1.0) / clips.Count);
        }

        return sent.Count > 0 ? new LabelPlan(sent, refused, outstanding, stored)
            : throw new InputException($"None of {clips.Count} clips can be graded; the first: {refused[0].Path}: {refused[0].Problem}.");
    }

    /// <summary>Grades the clips and writes the files, also when it is stopped.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="teacher">Who grades.</param>
    /// <param name="ledger">For the report; null for a teacher that costs nothing.</param>
    /// <param name="clipsAtOnce">Clips whose questions are asked at the same time.</param>
    /// <param name="clipDone">Told after every clip with the number of them so far.</param>
    /// <param name="cancellation">Stops it before the next question.</param>
    /// <exception cref="InputException">The teacher stopped: the message says why. What it answered is kept.</exception>
    public async Task<LabelSummary> GradeAsync(LabelPlan plan, ITeacher teacher, RequestLedger? ledger, int clipsAtOnce, Action<int> clipDone, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(clipDone);
        int done = 0;
        ClipLabels?[] graded = new ClipLabels?[plan.Clips.Count];
        try
        {
            ParallelOptions parallel = new() { MaxDegreeOfParallelism = clipsAtOnce, CancellationToken = cancellation };
            await Parallel.ForEachAsync(Enumerable.Range(0, graded.Length), parallel, async (i, _) =>
            {
                VideoClip clip = await VideoFile.ReadAsync(plan.Clips[i].Path, cancellation).ConfigureAwait(false);
                graded[i] = await teacher.GradeAsync(clip, plan.Clips[i].Prompt, _grid, cancellation).ConfigureAwait(false);
                clipDone(Interlocked.Increment(ref done));
            }).ConfigureAwait(false);
        }
        catch
        {
            Write(plan, graded, ledger);
            throw;
        }

        return Write(plan, graded, ledger);
    }

    /// <summary>Decodes every clip, refuses those not worth a question, pairs the clips of each prompt, every one with every other, and counts what is to be asked.</summary>
    /// <exception cref="InputException">There is no pair.</exception>
    public static async Task<PairPlan> PlanPairsAsync(IReadOnlyList<PromptedClip> clips, PatchGrid grid, PairTeacher teacher, Action<double> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(progress);
        List<PromptedPair> pairs = [];
        List<RefusedClip> refused = [];
        RequestEstimate outstanding = RequestEstimate.None;
        int stored = 0;
        int seen = 0;
        foreach (IGrouping<string, PromptedClip> prompt in clips.GroupBy(clip => clip.Prompt))
        {
            List<(string Path, VideoClip Clip)> ready = [];
            foreach (PromptedClip file in prompt)
            {
                cancellation.ThrowIfCancellationRequested();
                (VideoClip? clip, string? problem) = await DecodeAsync(file.Path, cancellation).ConfigureAwait(false);
                problem ??= ClipCheck.Problem(clip!);
                if (problem is null && ready.Find(other => other.Clip.ContentHash == clip!.ContentHash) is { Path: { } same })
                {
                    problem = $"shows the same as {Path.GetFileName(same)}";
                }

                if (problem is null)
                {
                    ready.Add((file.Path, clip!));
                }
                else
                {
                    refused.Add(new RefusedClip(file.Path, problem));
                }

                progress((double)++seen / clips.Count);
            }

            for (int i = 0; i < ready.Count; i++)
            {
                for (int j = i + 1; j < ready.Count; j++)
                {
                    (RequestEstimate cost, int known) = await teacher.EstimateAsync(ready[i].Clip, ready[j].Clip, prompt.Key, grid).ConfigureAwait(false);
                    outstanding += cost;
                    stored += known;
                    pairs.Add(new PromptedPair(ready[i].Path, ready[j].Path, prompt.Key));
                }
            }
        }

        return pairs.Count > 0 ? new PairPlan(pairs, refused, outstanding, stored) : throw new InputException("There is no pair to compare: expected at least two clips of one prompt that can be graded.");
    }

    /// <summary>Compares pairs and writes <c>comparisons.jsonl</c> and <c>report.json</c>, also when it is stopped.</summary>
    /// <exception cref="InputException">The teacher stopped: the message says why. What it answered is kept.</exception>
    public async Task<PairSummary> CompareAsync(PairPlan plan, PairTeacher teacher, RequestLedger ledger, int pairsAtOnce, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(ledger);
        (IReadOnlyList<PairLabel> Labels, int Unanswered)?[] compared = new (IReadOnlyList<PairLabel>, int)?[plan.Pairs.Count];
        try
        {
            ParallelOptions parallel = new() { MaxDegreeOfParallelism = pairsAtOnce, CancellationToken = cancellation };
            await Parallel.ForEachAsync(Enumerable.Range(0, compared.Length), parallel, async (i, _) =>
            {
                VideoClip a = await VideoFile.ReadAsync(plan.Pairs[i].PathA, cancellation).ConfigureAwait(false);
                VideoClip b = await VideoFile.ReadAsync(plan.Pairs[i].PathB, cancellation).ConfigureAwait(false);
                compared[i] = await teacher.CompareAsync(a, b, plan.Pairs[i].Prompt, _grid, cancellation).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
        catch
        {
            Write(plan, compared, ledger);
            throw;
        }

        return Write(plan, compared, ledger);
    }

    public void Dispose() => _held.Dispose();

    private LabelSummary Write(LabelPlan plan, ClipLabels?[] graded, RequestLedger? ledger)
    {
        ClipLabels[] done = [.. graded.OfType<ClipLabels>()];
        TeacherLabel[] labels = [.. done.SelectMany(clip => clip.Labels)];
        TeacherLabel[] checks = [.. done.SelectMany(clip => clip.Checks)];
        LabelSummary summary = new()
        {
            IsWhole = done.Length == graded.Length && done.All(clip => clip.Unanswered == 0),
            Clips = done.Length,
            RefusedClips = plan.Refused,
            Labels = labels.CountBy(label => label.Value is null ? "refused" : "graded").OrderBy(count => count.Key, StringComparer.Ordinal).ToDictionary(count => count.Key, count => count.Value),
            Unanswered = done.Sum(clip => clip.Unanswered),
            Annotators = [.. labels.Select(label => label.Annotator).Distinct().Order(StringComparer.Ordinal)],
            OnDuplicates = SelfAgreement.OfDuplicates(labels, checks),
            OnRepeats = SelfAgreement.OfRepeats(labels, checks),
            Dollars = ledger?.Spent ?? 0,
            Attempts = ledger?.Outcomes() ?? new Dictionary<string, long>(),
        };
        TeacherLabelFile.Write(Path.Combine(_folder, LabelsFile), labels);
        TeacherLabelFile.Write(Path.Combine(_folder, ChecksFile), checks);
        AtomicFile.WriteAllText(Path.Combine(_folder, ReportFile), JsonSerializer.Serialize(summary, Indented) + "\n");
        return summary;
    }

    private PairSummary Write(PairPlan plan, (IReadOnlyList<PairLabel> Labels, int Unanswered)?[] compared, RequestLedger ledger)
    {
        (IReadOnlyList<PairLabel> Labels, int Unanswered)[] done = [.. compared.Where(pair => pair is not null).Select(pair => pair!.Value)];
        PairLabel[] labels = [.. done.SelectMany(pair => pair.Labels)];
        int unanswered = done.Sum(pair => pair.Unanswered);
        PairSummary summary = new()
        {
            IsWhole = done.Length == compared.Length && unanswered == 0,
            Pairs = done.Length,
            RefusedClips = plan.Refused,
            Labels = labels.Length,
            Refused = labels.Count(label => label.Choice is null),
            Unanswered = unanswered,
            Orders = OrderConsistency.Of(labels),
            Dollars = ledger.Spent,
            Attempts = ledger.Outcomes(),
        };
        TeacherLabelFile.Write(Path.Combine(_folder, ComparisonsFile), labels);
        AtomicFile.WriteAllText(Path.Combine(_folder, ReportFile), JsonSerializer.Serialize(summary, Indented) + "\n");
        return summary;
    }

    private static async Task<(VideoClip? Clip, string? Problem)> DecodeAsync(string path, CancellationToken cancellation)
    {
        try
        {
            return (await VideoFile.ReadAsync(path, cancellation).ConfigureAwait(false), null);
        }
        catch (InputException exception) when (exception.InnerException is null)
        {
            // Without ffmpeg itself nothing can be read, and that has an inner exception: it ends the run. A clip that ffmpeg cannot read is one clip less.
            return (null, exception.Message);
        }
    }

    private static void RequireSame(string path, JsonObject begun, JsonObject settings)
    {
        foreach (string name in begun.Select(field => field.Key).Union(settings.Select(field => field.Key)))
        {
            if (!JsonNode.DeepEquals(begun[name], settings[name]))
            {
                throw new InputException($"{path}: this folder was begun with {name} = {begun[name]?.ToJsonString() ?? "nothing"}, not {settings[name]?.ToJsonString() ?? "nothing"}. Go on with the same, or begin another --out.");
            }
        }
    }

    /// <summary>Keeps a second process out for as long as it is open; the system lets go of it when this process is killed.</summary>
    private static FileStream Hold(string folder)
    {
        string path = Path.Combine(folder, "in-use");
        try
        {
            Directory.CreateDirectory(folder);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{folder}: cannot be used ({exception.Message}). Another run may be using it, or it cannot be written.", exception);
        }
    }
}
