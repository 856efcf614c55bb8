using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Experiments;

/// <summary>Finds the video files that labels are about, by content: a file whose bytes a store has met is known, any other is decoded, once.</summary>
public static class LabelledVideos
{
    private const int ShownNames = 5;
    private const string Unreadable = "unreadable";

    /// <summary>The files of clips.</summary>
    /// <param name="folders">Video files, and folders that are searched with all folders below.</param>
    /// <param name="store">Knows files by their bytes.</param>
    /// <param name="wanted">Content hashes of the clips.</param>
    /// <param name="memory">A file that remembers what was decoded.</param>
    /// <param name="report">Told the share done.</param>
    /// <param name="cancellation">Stops between two files.</param>
    /// <returns>A file for each clip that was found, and the files that could not be read.</returns>
    /// <exception cref="InputException">A path does not exist.</exception>
    public static async Task<(IReadOnlyDictionary<string, string> Files, IReadOnlyList<string> Unreadable)> FindAsync(
        IReadOnlyList<string> folders, LabelStore store, IReadOnlyCollection<string> wanted, string memory, Action<double> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(folders);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(report);
        string[] files = [.. folders.SelectMany(FilesOf).Distinct()];
        HashSet<string> missing = [.. wanted];
        Dictionary<string, string> found = new(StringComparer.Ordinal);
        List<string> unreadable = [];
        await VisitAsync(missing.Count > 0 ? files : [], store, memory, report, (file, clip) =>
        {
            if (clip == Unreadable)
            {
                unreadable.Add(file);
            }
            else if (missing.Remove(clip))
            {
                found.Add(clip, file);
            }

            return missing.Count > 0;
        }, cancellation).ConfigureAwait(false);
        return (found, unreadable);
    }

    /// <summary>The clips in files, by file; files that cannot be read are left out.</summary>
    /// <param name="files">Video files.</param>
    /// <param name="store">Knows files by their bytes.</param>
    /// <param name="memory">A file that remembers what was decoded.</param>
    /// <param name="report">Told the share done.</param>
    /// <param name="cancellation">Stops between two files.</param>
    public static async Task<IReadOnlyDictionary<string, string>> ClipsOfAsync(IReadOnlyList<string> files, LabelStore store, string memory, Action<double> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(report);
        Dictionary<string, string> clips = new(StringComparer.Ordinal);
        await VisitAsync(files, store, memory, report, (file, clip) => clip == Unreadable || clips.TryAdd(file, clip), cancellation).ConfigureAwait(false);
        return clips;
    }

    /// <summary>Goes over files until the visitor, who is told each file's clip, has enough.</summary>
    private static async Task VisitAsync(IReadOnlyList<string> files, LabelStore store, string memory, Action<double> report, Func<string, string, bool> goesOn, CancellationToken cancellation)
    {
        Dictionary<string, string> known = File.Exists(memory) ? JsonFile.Read<Dictionary<string, string>>(memory) : [];
        try
        {
            bool wantsMore = true;
            for (int i = 0; i < files.Count && wantsMore; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                string hash = FileHash.Of(files[i], "a video file");
                if ((store.FindClip(hash) ?? known.GetValueOrDefault(hash)) is not string clip)
                {
                    clip = await ContentOf(files[i], cancellation).ConfigureAwait(false);
                    known.Add(hash, clip);
                }

                wantsMore = goesOn(files[i], clip);
                report((i + 1.0) / files.Count);
            }
        }
        finally
        {
            if (known.Count > 0)
            {
                JsonFile.Write(memory, known);
            }
        }
    }

    /// <summary>Refuses clips that were not found.</summary>
    /// <exception cref="InputException">There is one.</exception>
    public static void Require(IReadOnlyDictionary<string, string> found, IReadOnlyList<string> unreadable, IReadOnlyCollection<string> wanted, IReadOnlyList<string> folders)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(unreadable);
        ArgumentNullException.ThrowIfNull(wanted);
        string[] missing = [.. wanted.Where(clip => !found.ContainsKey(clip)).Order(StringComparer.Ordinal)];
        string names = string.Join(", ", missing.Take(ShownNames).Select(clip => clip.Length == 64 ? clip[..16] : clip)) + (missing.Length > ShownNames ? ", …" : "");
        if (missing.Length > 0)
        {
            throw new InputException($"{missing.Length} of {wanted.Count} labelled clips are in none of {string.Join(", ", folders)}: {names}. Give the folders that hold their videos with --clips; clips that a store knows by name only (SOURCE:NAME) must be imported with their videos.{(unreadable.Count == 0 ? "" : $" Not readable: {string.Join(", ", unreadable.Take(ShownNames).Select(Path.GetFileName))}.")}");
        }
    }

    /// <summary>The clip in a file; a broken one holds none, and is remembered and named where a clip is missing.</summary>
    private static async Task<string> ContentOf(string file, CancellationToken cancellation)
    {
        try
        {
            return (await VideoFile.ReadAsync(file, cancellation).ConfigureAwait(false)).ContentHash;
        }
        catch (InputException)
        {
            return Unreadable;
        }
    }

    private static IEnumerable<string> FilesOf(string path) => Directory.Exists(path)
        ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(file => ClipList.Extensions.Contains(Path.GetExtension(file).ToLowerInvariant())).Select(Path.GetFullPath).Order(StringComparer.Ordinal)
        : File.Exists(path) ? [Path.GetFullPath(path)]
        : throw new InputException($"{path}: no such file or folder. Expected the videos that the labels are about.");
}
