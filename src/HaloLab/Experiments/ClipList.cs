using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace HaloLab.Experiments;

/// <summary>Which files are meant, and what each should show.</summary>
public static class ClipList
{
    internal static readonly string[] Extensions = [".mp4", ".webm", ".gif", ".png", ".apng", ".mov", ".avi", ".mkv"];

    /// <summary>The video files that paths name: a file itself, of a folder all files that end like a video, by name.</summary>
    /// <param name="paths">Files and folders.</param>
    /// <exception cref="InputException">A path does not exist, or nothing is named.</exception>
    public static IReadOnlyList<string> Files(IEnumerable<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        List<string> files = [];
        foreach (string path in paths)
        {
            if (Directory.Exists(path))
            {
                files.AddRange(Directory.GetFiles(path).Where(file => Extensions.Contains(Path.GetExtension(file).ToLowerInvariant())).Order(StringComparer.Ordinal));
            }
            else if (File.Exists(path))
            {
                files.Add(path);
            }
            else
            {
                throw new InputException($"{path}: no such file or folder. Expected video files, or folders of them.");
            }
        }

        string[] distinct = [.. files.Select(Path.GetFullPath).Distinct()];
        return distinct.Length > 0 ? distinct : throw new InputException($"No video file is there. Expected files that end in {string.Join(", ", Extensions)}.");
    }

    /// <summary>Reads a CSV file with the columns <c>clip</c> and <c>prompt</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="files">The clips, named in the file by their path or by their file name.</param>
    /// <returns>The clips with their prompts, in order.</returns>
    /// <exception cref="InputException">The file is no such table, names a clip twice, or leaves one without a prompt.</exception>
    public static IReadOnlyList<ClipToScore> WithPrompts(string path, IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (!File.Exists(path))
        {
            throw new InputException($"{path}: not found. Expected a CSV file with the columns clip and prompt.");
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Dictionary<string, (string Prompt, int Row)> prompts = new(StringComparer.Ordinal);
        int row = 0;
        using StreamReader text = new(path);
        using CsvReader reader = new(text, new CsvConfiguration(CultureInfo.InvariantCulture) { TrimOptions = TrimOptions.Trim });
        try
        {
            reader.Read();
            reader.ReadHeader();
            while (reader.Read())
            {
                row++;
                string clip = reader.GetField("clip") ?? "";
                string prompt = reader.GetField("prompt") ?? "";
                if (clip.Length == 0 || prompt.Length == 0)
                {
                    throw new InputException($"{path}: row {row} has no {(clip.Length == 0 ? "clip" : "prompt")}.");
                }

                string key = clip.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) ? Path.GetFullPath(clip, folder) : clip;
                if (!prompts.TryAdd(key, (prompt, row)) && prompts[key].Prompt != prompt)
                {
                    throw new InputException($"{path}: rows {prompts[key].Row} and {row} give {clip} different prompts.");
                }
            }
        }
        catch (CsvHelperException exception)
        {
            throw new InputException($"{path}: row {row + 1} is not a row of the table ({exception.Message.Split('\n')[0].TrimEnd()}). Expected a CSV file with the columns clip and prompt.", exception);
        }

        string[] without = [.. files.Where(file => !prompts.ContainsKey(file) && !prompts.ContainsKey(Path.GetFileName(file)))];
        return without.Length == 0
            ? [.. files.Select(file => new ClipToScore(file, (prompts.TryGetValue(file, out (string Prompt, int Row) own) ? own : prompts[Path.GetFileName(file)]).Prompt))]
            : throw new InputException($"{path}: has no prompt for {without.Length} clips: {string.Join(", ", without.Take(8).Select(Path.GetFileName))}{(without.Length > 8 ? ", …" : "")}.");
    }
}
