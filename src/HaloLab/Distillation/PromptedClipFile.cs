using System.Globalization;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;

namespace HaloLab.Distillation;

/// <summary>
/// Finds clips and their prompts: a folder as `halolab generate` writes it, with its <c>manifest.json</c>, or a folder and a file that names its clips, JSON
/// Lines or CSV with the fields <c>clip</c> (relative to the folder) and <c>prompt</c>.
/// </summary>
public static class PromptedClipFile
{
    private const string Manifest = "manifest.json";

    /// <param name="folder">Where the clips lie.</param>
    /// <param name="file">The file with clips and prompts; null for the folder's manifest.</param>
    /// <exception cref="InputException">Something is missing, empty or named twice; the message names the row.</exception>
    public static IReadOnlyList<PromptedClip> Read(string folder, string? file)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder))
        {
            throw new InputException($"{folder}: no such folder. Expected one with video files.");
        }

        string path = file ?? Path.Combine(folder, Manifest);
        if (!File.Exists(path))
        {
            throw new InputException(file is null
                ? $"{path}: not found. Expected the manifest of `halolab generate`; for other clips name their prompts with --prompts FILE (JSON Lines or CSV with clip and prompt)."
                : $"{path}: not found. Expected clips and their prompts as JSON Lines or CSV.");
        }

        List<PromptedClip> clips = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach ((int row, string? clip, string? prompt) in Rows(path, file is null))
        {
            if (string.IsNullOrWhiteSpace(clip) || string.IsNullOrWhiteSpace(prompt))
            {
                throw new InputException($"{path}: row {row}: '{(string.IsNullOrWhiteSpace(clip) ? "clip" : "prompt")}' is missing or empty. Expected a video file and what it was made from.");
            }

            string full = Path.GetFullPath(Path.Combine(folder, clip));
            if (!File.Exists(full))
            {
                throw new InputException($"{path}: row {row}: {full} does not exist. Correct the row's 'clip', which is relative to the folder, or leave the row out.");
            }

            if (!seen.Add(full))
            {
                throw new InputException($"{path}: row {row}: '{clip}' is named twice. Leave one of the rows out.");
            }

            clips.Add(new PromptedClip(full, prompt.Trim()));
        }

        return clips.Count > 0 ? clips : throw new InputException($"{path}: names no clips. Expected at least one.");
    }

    private static IEnumerable<(int Row, string? Clip, string? Prompt)> Rows(string path, bool isManifest) => isManifest
        ? OfManifest(path)
        : Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".jsonl" or ".ndjson" => OfJsonLines(path),
            ".csv" => OfCsv(path),
            string other => throw new InputException($"{path}: '{other}' is no format of clips and prompts. Expected .jsonl, .ndjson or .csv."),
        };

    private static IEnumerable<(int Row, string? Clip, string? Prompt)> OfManifest(string path)
    {
        using JsonDocument document = Parse(path, null, File.ReadAllText(path));

        // Of a published model's clips they are among what was asked for.
        JsonElement root = document.RootElement;
        JsonElement holder = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("settings", out JsonElement settings) ? settings : root;
        if (holder.ValueKind != JsonValueKind.Object || !holder.TryGetProperty("clips", out JsonElement clips) || clips.ValueKind != JsonValueKind.Array)
        {
            throw new InputException($"{path}: has no list 'clips'. Expected the manifest of `halolab generate`.");
        }

        int row = 0;
        foreach (JsonElement clip in clips.EnumerateArray())
        {
            yield return (++row, Text(clip, "file"), Text(clip, "prompt"));
        }
    }

    private static IEnumerable<(int Row, string? Clip, string? Prompt)> OfJsonLines(string path)
    {
        int row = 0;
        foreach (string line in File.ReadLines(path))
        {
            row++;
            if (line.Trim().Length > 0)
            {
                using JsonDocument document = Parse(path, row, line);
                yield return (row, Text(document.RootElement, "clip"), Text(document.RootElement, "prompt"));
            }
        }
    }

    private static IEnumerable<(int Row, string? Clip, string? Prompt)> OfCsv(string path)
    {
        using StreamReader text = new(path);
        using CsvReader reader = new(text, new CsvConfiguration(CultureInfo.InvariantCulture) { MissingFieldFound = null, BadDataFound = null });
        if (!reader.Read() || !reader.ReadHeader() || reader.HeaderRecord!.Intersect(["clip", "prompt"]).Count() != 2)
        {
            throw new InputException($"{path}: lacks the columns 'clip' and 'prompt'.");
        }

        int row = 0;
        while (reader.Read())
        {
            yield return (++row, reader.GetField("clip"), reader.GetField("prompt"));
        }
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonDocument Parse(string path, int? row, string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException exception)
        {
            throw new InputException($"{path}: {(row is null ? "" : $"row {row} ")}is no JSON ({exception.Message}).", exception);
        }
    }
}
