using System.Text.Json;
using System.Text.Json.Nodes;

namespace HaloLab.Evaluation.VBench;

/// <summary>
/// VBench's result files (<c>NAME_eval_results.json</c>): for each dimension, its name with underscores, a list of its value and of its videos with <c>video_path</c> and <c>video_results</c>.
/// </summary>
public static class VBenchResults
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true };

    /// <summary>Reads a file.</summary>
    /// <returns>Results by the names of <see cref="VBenchDimension.All"/>.</returns>
    /// <exception cref="InputException">It is missing, or not in that form; the message names the dimension.</exception>
    public static IReadOnlyDictionary<string, VBenchResult> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using JsonDocument document = Parse(path, "a result file of VBench");
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new InputException($"{path}: is no object of dimensions. Expected a result file of VBench.");
        }

        return document.RootElement.EnumerateObject().ToDictionary(item => Known(item.Name, path), item => Result(item.Value, $"{path}: {item.Name}"));
    }

    /// <summary>Writes a file that VBench's own scripts read.</summary>
    public static void Write(string path, IReadOnlyDictionary<string, VBenchResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        JsonObject json = new(VBenchDimension.All.Where(dimension => results.ContainsKey(dimension.Name)).Select(dimension => KeyValuePair.Create(
            dimension.Name.Replace(' ', '_'),
            (JsonNode?)new JsonArray(
                results[dimension.Name].Value,
                new JsonArray([.. results[dimension.Name].Videos.Select(video => (JsonNode)new JsonObject { ["video_path"] = video.Path, ["video_results"] = video.Value })])))));
        AtomicFile.WriteAllText(path, json.ToJsonString(Format) + "\n");
    }

    internal static string NameOf(string written) => written.Replace('_', ' ');

    internal static JsonDocument Parse(string path, string expected)
    {
        if (!File.Exists(path))
        {
            throw new InputException($"{path}: not found. Expected {expected}.");
        }

        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (JsonException exception)
        {
            throw new InputException($"{path}: is no JSON ({exception.Message}). Expected {expected}.", exception);
        }
    }

    private static string Known(string written, string path)
    {
        string name = NameOf(written);
        return VBenchDimension.All.Any(dimension => dimension.Name == name)
            ? name
            : throw new InputException($"{path}: '{written}' is no dimension of VBench. Expected {string.Join(", ", VBenchDimension.All.Select(dimension => dimension.Name.Replace(' ', '_')))}.");
    }

    private static VBenchResult Result(JsonElement json, string where)
    {
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() != 2 || Number(json[0]) is not { } value || json[1].ValueKind != JsonValueKind.Array)
        {
            throw new InputException($"{where}: expected a list of the dimension's value and its videos.");
        }

        return new VBenchResult(value, [.. json[1].EnumerateArray().Select((video, i) =>
            video.ValueKind == JsonValueKind.Object && video.TryGetProperty("video_path", out JsonElement path) && path.ValueKind == JsonValueKind.String
            && video.TryGetProperty("video_results", out JsonElement result) && Number(result) is { } number
                ? (path.GetString()!, number)
                : throw new InputException($"{where}: video {i + 1} lacks 'video_path' or a number or truth value as 'video_results'."))]);
    }

    private static double? Number(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Number => json.GetDouble(),
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => null,
    };
}
