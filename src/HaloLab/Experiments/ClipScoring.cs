using System.Text.Json;
using System.Text.Json.Serialization;
using HaloLab.Rewards;
using HaloLab.Scaling;
using HaloLab.Videos;

namespace HaloLab.Experiments;

/// <summary>
/// Scores many clips with one scorer. A clip that cannot be read or shown to the model gets its reason and the others go on. Every score is kept in a
/// cache, by the clip's bytes, those of the files that count beside it, what was changed, its prompt and the model's files, as soon as it is there; a run that was stopped, or one with more clips, asks only for the rest.
/// </summary>
/// <param name="cacheFolder">Where scores are kept.</param>
/// <param name="shard">The part of all clips that this process scores, into a cache of its own that the others read; null: it is the only one.</param>
public sealed class ClipScoring(string cacheFolder, Shard? shard = null)
{
    /// <summary>Shortest side of a clip in pixels: one patch of the published vision towers. Below it, resizing makes up all that a model sees.</summary>
    public const int LeastSide = 14;

    private const int NameDigits = 16;
    private const string OfShard = ".shard-";
    private const string Extension = ".jsonl";
    private static readonly JsonSerializerOptions Format = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Scores the clips.</summary>
    /// <param name="scorer">The scorer.</param>
    /// <param name="clips">Different clips.</param>
    /// <param name="report">Told the share done, from 0 to 1.</param>
    /// <param name="cancellation">Stops between two clips.</param>
    /// <returns>A row for each clip, in order; for a shard each of its clips.</returns>
    public async Task<IReadOnlyList<ScoredClip>> ScoreAsync(IVideoScorer scorer, IReadOnlyList<ClipToScore> clips, Action<double> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentNullException.ThrowIfNull(report);
        Directory.CreateDirectory(cacheFolder);
        string name = $"{scorer.Name}-{FileHash.OfAll(scorer.Hashes)[..NameDigits]}{(Compute.Precision == TorchSharp.torch.ScalarType.Float32 ? "" : "-" + Compute.PrecisionName)}";
        string path = Path.Combine(cacheFolder, name + (shard is null ? "" : OfShard + shard) + Extension);
        string[] others = [.. Directory.GetFiles(cacheFolder, name + OfShard + "*" + Extension).Append(Path.Combine(cacheFolder, name + Extension)).Where(other => other != path).Order(StringComparer.Ordinal)];
        Dictionary<Key, Entry> known = ReadWhole(path, isOwn: true).Concat(others.SelectMany(other => ReadWhole(other, isOwn: false))).DistinctBy(item => item.Key).ToDictionary();
        clips = shard?.Of(clips) ?? clips;
        using StreamWriter cache = new(path, append: true);
        List<ScoredClip> rows = [];
        foreach (ClipToScore clip in clips)
        {
            cancellation.ThrowIfCancellationRequested();
            string remark = "";
            try
            {
                Key key = new(FileHash.Of(clip.File, "a video file"), clip.Prompt, clip.Control, Beside(scorer, clip));
                if (known.GetValueOrDefault(key) is { Frames: > 0 } entry)
                {
                    remark = entry.Remark;
                }
                else
                {
                    (VideoClip video, remark) = await VideoFile.ReadWithRemarkAsync(clip.File, cancellation).ConfigureAwait(false);
                    (IReadOnlyList<double> scores, IReadOnlyList<double> patches) = Score(scorer, clip, video);
                    if (scores.Concat(patches).Any(score => !double.IsFinite(score)))
                    {
                        throw new InputException($"{clip.File}: {scorer.Name} gives no finite number for it. Look at its weights, or at the clip.");
                    }

                    entry = new Entry(key.Clip, key.Prompt, key.Control, [.. scores], patches.Count == 0 ? null : [.. patches], remark, video.Frames, key.Beside);
                    known[key] = entry;
                    await cache.WriteLineAsync(JsonSerializer.Serialize(entry, Format)).ConfigureAwait(false);
                    await cache.FlushAsync(cancellation).ConfigureAwait(false);
                }

                rows.Add(new ScoredClip(clip, entry.Scores, null, entry.Patches, remark, entry.Frames));
            }
            catch (InputException exception)
            {
                rows.Add(new ScoredClip(clip, null, exception.Message, Remark: remark));
            }

            report((double)rows.Count / clips.Count);
        }

        return rows;
    }

    private static (IReadOnlyList<double> Scores, IReadOnlyList<double> Patches) Score(IVideoScorer scorer, ClipToScore clip, VideoClip video) =>
        Math.Min(video.Height, video.Width) < LeastSide
            ? throw new InputException($"{clip.File}: {video.Width}x{video.Height} pixels are too few for a model to see anything in. Expected at least {LeastSide} on each side.")
            : scorer.ScoreFile(clip.File, ClipControls.Apply(clip.Control, video), clip.Prompt);

    /// <summary>Hash of the files that count beside a clip, or null.</summary>
    private static string? Beside(IVideoScorer scorer, ClipToScore clip)
    {
        IReadOnlyList<string> files = scorer.Beside(clip.File);
        return files.Count == 0 ? null
            : clip.Control == ClipControl.None ? FileHash.OfAll(files.ToDictionary(file => Path.GetFileName(file), file => FileHash.Of(file)))
            : throw new InputException($"{scorer.Name} reads {string.Join(", ", files.Select(Path.GetFileName))}, made for the clip as it is, and cannot say anything of a changed one.");
    }

    /// <summary>The entries of a cache. Of several lines of a clip the last counts. A last line that was being written when the run was killed is cut off; in another shard's file it may be being written now.</summary>
    private static Dictionary<Key, Entry> ReadWhole(string path, bool isOwn)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        string text = File.ReadAllText(path);
        int end = text.LastIndexOf('\n') + 1;
        if (isOwn && end < text.Length)
        {
            AtomicFile.WriteAllText(path, text[..end]);
        }

        Dictionary<Key, Entry> known = [];
        foreach (string line in text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                Entry entry = JsonSerializer.Deserialize<Entry>(line) ?? throw new JsonException("null");
                known[new Key(entry.Clip, entry.Prompt, entry.Control, entry.Beside)] = entry;
            }
            catch (JsonException exception)
            {
                throw new InputException($"{path}: a line is no score that was kept here ({exception.Message}). Delete the file to score its clips again.", exception);
            }
        }

        return known;
    }

    // Frames are 0 in lines from before they were kept; these are scored again.
    private sealed record Entry(string Clip, string Prompt, ClipControl Control, double[] Scores, double[]? Patches = null, string Remark = "", int Frames = 0, string? Beside = null);

    private sealed record Key(string Clip, string Prompt, ClipControl Control, string? Beside);
}
