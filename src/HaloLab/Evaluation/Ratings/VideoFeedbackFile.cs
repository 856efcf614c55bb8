using System.Text.Json;

namespace HaloLab.Evaluation.Ratings;

/// <summary>
/// Reads what VideoScore's evaluation on VideoFeedback writes (He et al. 2024, arXiv 2406.15252): <c>eval_video_feedback_SCORER.json</c>, a list of
/// <c>{id, text, ref, ans}</c> where <c>ref</c> and <c>ans</c> are lists of five numbers written as text, and <c>spearman_corr_video_feedback.json</c>, to which
/// every run appends an entry for a scorer, so that the last one counts.
/// </summary>
public static class VideoFeedbackFile
{
    private const string Prefix = "eval_video_feedback_";
    private const string PublishedFile = "spearman_corr_video_feedback.json";

    /// <summary>The scorers whose ratings lie in a folder, in the order of their names, and the file of each.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static IReadOnlyList<(string Scorer, string Path)> Find(string folder)
    {
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, Prefix + "*.json") : [];
        Array.Sort(files, StringComparer.Ordinal);
        return files.Length > 0
            ? [.. files.Select(path => (Path.GetFileNameWithoutExtension(path)[Prefix.Length..], path))]
            : throw new InputException($"{folder}: holds no {Prefix}SCORER.json. Expected the folder that VideoScore's evaluation on VideoFeedback writes.");
    }

    /// <summary>Every row of a scorer's file, repeated videos too, numbers as they stand.</summary>
    /// <param name="path">The file.</param>
    /// <param name="dimensions">How many numbers each list must have.</param>
    /// <exception cref="InputException">A row is not as expected; it is named.</exception>
    public static IReadOnlyList<RatedVideo> Read(string path, int dimensions)
    {
        JsonElement rows = Open(path);
        if (rows.ValueKind != JsonValueKind.Array)
        {
            throw new InputException($"{path}: is no list. Expected rows with id, ref and ans.");
        }

        return [.. rows.EnumerateArray().Select((row, i) => new RatedVideo(Text(row, i, "id"), Numbers(row, i, "ref"), Numbers(row, i, "ans")))];

        string Text(JsonElement row, int i, string field) =>
            row.ValueKind == JsonValueKind.Object && row.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : throw new InputException($"{path}: row {i + 1} has no text '{field}'.");

        double[] Numbers(JsonElement row, int i, string field)
        {
            try
            {
                double[] numbers = JsonSerializer.Deserialize<double[]>(Text(row, i, field)) ?? [];
                return numbers.Length == dimensions ? numbers : throw new JsonException($"{numbers.Length} numbers");
            }
            catch (JsonException exception)
            {
                throw new InputException($"{path}: row {i + 1}, {field} is '{Text(row, i, field)}' ({exception.Message}). Expected a list of {dimensions} numbers.", exception);
            }
        }
    }

    /// <summary>The published correlations in per cent by scorer, one for each dimension, NaN where there is none; empty where the folder has no such file.</summary>
    /// <exception cref="InputException">The file is not as expected.</exception>
    public static IReadOnlyDictionary<string, double[]> Published(string folder)
    {
        string path = Path.Combine(folder, PublishedFile);
        Dictionary<string, double[]> published = new(StringComparer.Ordinal);
        if (!File.Exists(path))
        {
            return published;
        }

        try
        {
            foreach (JsonProperty scorer in Open(path).EnumerateArray().SelectMany(entry => entry.EnumerateObject()))
            {
                published[scorer.Name] = [.. scorer.Value.GetProperty("spearman_list").EnumerateArray().Select(value => value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble())];
            }
        }
        catch (Exception exception) when (exception is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InputException($"{path}: is not the list of correlations that VideoScore's evaluation writes ({exception.Message}).", exception);
        }

        return published;
    }

    private static JsonElement Open(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.Clone();
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Expected JSON as VideoScore's evaluation writes it.", exception);
        }
    }
}
