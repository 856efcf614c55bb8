using HaloLab.Distillation;
using HaloLab.Preferences.Labels;

namespace HaloLab.Annotation;

/// <summary>
/// Which clips are meant: a folder with its manifest or a file of prompts, a file of clips and prompts (JSON Lines or CSV), or a label store, which remembers
/// the files that it met.
/// </summary>
internal static class ClipSource
{
    private static readonly byte[] SqliteStart = [.. "SQLite format 3\0"u8];

    /// <summary>The files with their names and prompts.</summary>
    /// <param name="path">Folder, list or store.</param>
    /// <param name="prompts">For a folder: the file with prompts; null for the folder's manifest.</param>
    /// <param name="videos">For a store or a list: the folder that its names start from; null for its own.</param>
    /// <exception cref="InputException">Something is missing.</exception>
    public static IReadOnlyList<(string Path, string Name, string? Prompt)> Read(string path, string? prompts, string? videos)
    {
        if (!Directory.Exists(path) && !File.Exists(path))
        {
            throw new InputException($"{path}: no such file or folder. Expected a folder of clips, a list of clips and prompts (.jsonl or .csv), or a label store.");
        }

        if (Directory.Exists(path))
        {
            return videos is null ? Named(path, PromptedClipFile.Read(path, prompts)) : throw new InputException("--videos is for a list or a label store; the folder itself holds the clips.");
        }

        if (prompts is not null)
        {
            throw new InputException("--prompts is for a folder of clips; a list or a label store has its own.");
        }

        string folder = videos ?? Path.GetDirectoryName(Path.GetFullPath(path))!;
        return IsStore(path) ? OfStore(path, folder) : Named(folder, PromptedClipFile.Read(folder, path));
    }

    private static (string, string, string?)[] Named(string folder, IReadOnlyList<PromptedClip> clips) =>
        [.. clips.Select(clip => (clip.Path, Path.GetRelativePath(folder, clip.Path), (string?)clip.Prompt))];

    private static (string, string, string?)[] OfStore(string path, string folder)
    {
        using LabelStore store = LabelStore.Open(path);
        ClipFile[] files = [.. store.ReadClips().DistinctBy(file => file.Clip)];
        if (files.Length == 0)
        {
            throw new InputException($"{path}: the store remembers no video files. Give the folder of the clips, or import labels with their videos first.");
        }

        string[] missing = [.. files.Where(file => !File.Exists(Path.Combine(folder, file.Name))).Select(file => file.Name)];
        return missing.Length == 0
            ? [.. files.Select(file => (Path.GetFullPath(Path.Combine(folder, file.Name)), file.Name, file.Prompt))]
            : throw new InputException($"{path}: {missing.Length} of {files.Length} clips are not in {folder}: {string.Join(", ", missing.Take(5))}{(missing.Length > 5 ? ", …" : "")}. Give the folder that these names start from with --videos.");
    }

    private static bool IsStore(string path)
    {
        using FileStream stream = File.OpenRead(path);
        byte[] start = new byte[SqliteStart.Length];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().SequenceEqual(SqliteStart);
    }
}
