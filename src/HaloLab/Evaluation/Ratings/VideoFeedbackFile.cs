using System.Text.Json;
using HaloLab.Preferences.Importing;

namespace HaloLab.Evaluation.Ratings;

/// <summary>
/// Reads what VideoScore's evaluation on VideoFeedback writes (He et al. 2024, arXiv 2406.15252): the answers of scorers beside human grades (<see cref="ScorerAnswers"/>), and <c>spearman_corr_video_feedback.json</c>, to which
/// every run appends an entry for a scorer, so that the last one counts.
/// </summary>
public static class VideoFeedbackFile
{
    private const string PublishedFile = "spearman_corr_video_feedback.json";

    /// <summary>The scorers whose ratings lie in a folder, in the order of their names, and the file of each.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static IReadOnlyList<(string Scorer, string Path)> Find(string folder)
    {
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, ScorerAnswers.FilePrefix + "*.json") : [];
        Array.Sort(files, StringComparer.Ordinal);
        return files.Length > 0
            ? [.. files.Select(path => (ScorerAnswers.ScorerOf(path), path))]
            : throw new InputException($"{folder}: holds no {ScorerAnswers.FilePrefix}SCORER.json. Expected the folder that VideoScore's evaluation on VideoFeedback writes.");
    }

    /// <summary>Every row of a scorer's file, repeated videos too, numbers as they stand.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InputException">A row is not as expected; it is named.</exception>
    public static IReadOnlyList<RatedVideo> Read(string path) => [.. TableFile.Read(path).Select(row =>
    {
        (double[] human, double[] answers) = ScorerAnswers.Numbers(row);
        return new RatedVideo(row.Text("id"), human, answers);
    })];

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
