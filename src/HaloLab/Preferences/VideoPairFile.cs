using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsvHelper;
using CsvHelper.Configuration;
using HaloLab.Videos;

namespace HaloLab.Preferences;

/// <summary>
/// Reads and writes pairs of given video files, CSV (as VideoAlign and VideoGen-RewardBench publish them, KlingAIResearch/VideoAlign) or JSON Lines.
/// </summary>
/// <remarks>
/// Fields of a row: <c>path_A</c>, <c>path_B</c> (relative to the file's folder), <c>prompt</c>; then either <c>reward_A</c> and
/// <c>reward_B</c>, or dimensions, each a field that is <c>A</c>, <c>B</c> or <c>same</c> in every row; in JSON Lines also
/// <c>patch_rewards_A</c> and <c>patch_rewards_B</c> (numbers or null, time first, width fastest) with <c>grid</c> (<c>"4x4x4"</c>).
/// </remarks>
public static class VideoPairFile
{
    private static readonly string[] Claims = ["fps_A", "num_frames_A", "fps_B", "num_frames_B"];
    private static readonly string[] Known = ["path_A", "path_B", "prompt", "reward_A", "reward_B", "grid", "patch_rewards_A", "patch_rewards_B", .. Claims];
    private static readonly Dictionary<string, int> Votes = new(StringComparer.Ordinal) { ["A"] = 1, ["B"] = -1, ["same"] = 0 };

    /// <summary>Reads a file.</summary>
    /// <param name="path">A <c>.csv</c>, <c>.jsonl</c> or <c>.ndjson</c>.</param>
    /// <param name="aggregation">How dimensions become one reward; may be null when the file has rewards or one dimension.</param>
    /// <exception cref="InputException">A file, field or value is missing or wrong, or two rows contradict each other; the message names the row.</exception>
    public static VideoPairTable Read(string path, RewardAggregation? aggregation)
    {
        ArgumentNullException.ThrowIfNull(path);
        JsonObject[] rows = ReadRows(path);
        if (rows.Length == 0)
        {
            throw new InputException($"{path}: holds no rows. Expected at least one pair of videos.");
        }

        string[] fields = [.. rows.SelectMany(row => row.Select(field => field.Key)).Distinct()];
        bool hasRewards = fields.Contains("reward_A") || fields.Contains("reward_B");
        string[] dimensions = [.. fields.Except(Known).Where(field => rows.All(row => row[field] is JsonValue value && Votes.ContainsKey(value.ToString())))];
        aggregation = Aggregation(path, fields, dimensions, hasRewards, aggregation);

        List<VideoPair> pairs = [];
        List<VideoPairTable.Repeat> repeated = [];
        List<int> tied = [];
        Dictionary<(string, string, string), VideoPair> seen = [];
        for (int i = 0; i < rows.Length; i++)
        {
            VideoPair pair = new Reader(path, i + 1, rows[i]).Read(aggregation);
            if (seen.TryGetValue(KeyOf(pair), out VideoPair? earlier))
            {
                RequireSame(path, pair, earlier);
                repeated.Add(new VideoPairTable.Repeat(pair.Row, earlier.Row));
                continue;
            }

            seen.Add(KeyOf(pair), pair);
            pairs.Add(pair);
            if (pair.RewardA == pair.RewardB && pair.PatchesA is null)
            {
                tied.Add(pair.Row);
            }
        }

        string[] used = [.. Known, .. aggregation?.Weights.Keys ?? []];
        return new VideoPairTable(pairs, repeated, tied, [.. fields.Except(used)]);
    }

    /// <summary>Writes pairs as JSON Lines, videos relative to the file's folder.</summary>
    /// <param name="path">A <c>.jsonl</c>, replaced atomically.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="fileOf">The file of a clip by its prompt and id.</param>
    public static void Write(string path, IEnumerable<PreferencePair> pairs, Func<string, string, string> fileOf)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(fileOf);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        AtomicFile.WriteAllText(path, string.Concat(pairs.Select(pair => Row(pair).ToJsonString() + "\n")));

        JsonObject Row(PreferencePair pair)
        {
            JsonObject row = new()
            {
                ["path_A"] = Path.GetRelativePath(folder, fileOf(pair.Prompt, pair.A.Id)),
                ["path_B"] = Path.GetRelativePath(folder, fileOf(pair.Prompt, pair.B.Id)),
                ["prompt"] = pair.Prompt,
                ["reward_A"] = pair.A.VideoReward,
                ["reward_B"] = pair.B.VideoReward,
            };
            if (pair.A.Patches is { } a && pair.B.Patches is { } b)
            {
                row["grid"] = a.Grid.ToString();
                row["patch_rewards_A"] = new JsonArray([.. a.Values.Select(value => (JsonNode?)value)]);
                row["patch_rewards_B"] = new JsonArray([.. b.Values.Select(value => (JsonNode?)value)]);
            }

            return row;
        }
    }

    private static RewardAggregation? Aggregation(string path, string[] fields, string[] dimensions, bool hasRewards, RewardAggregation? given)
    {
        string found = dimensions.Length == 0 ? "none" : string.Join(", ", dimensions);
        if (given is not null)
        {
            string? unknown = given.Weights.Keys.FirstOrDefault(name => !dimensions.Contains(name));
            return unknown is null ? given : throw new InputException(
                $"{path}: {(fields.Contains(unknown) ? $"the field '{unknown}' is not A, B or same in every row" : $"there is no dimension '{unknown}'")}. Dimensions found: {found}.");
        }

        return hasRewards ? null : dimensions.Length switch
        {
            1 => RewardAggregation.Parse(dimensions[0]),
            0 => throw new InputException($"{path}: has no video rewards. Expected the fields reward_A and reward_B, or a dimension that is A, B or same in every row."),
            _ => throw new InputException($"{path}: has several dimensions ({found}), which may contradict each other. Say which to train on, for example --reward {dimensions[0]}, or give weights: --reward {string.Join(",", dimensions.Select(name => name + "=1"))}."),
        };
    }

    private static (string, string, string) KeyOf(VideoPair pair) =>
        string.CompareOrdinal(pair.PathA, pair.PathB) <= 0 ? (pair.PathA, pair.PathB, pair.Prompt) : (pair.PathB, pair.PathA, pair.Prompt);

    private static void RequireSame(string path, VideoPair pair, VideoPair earlier)
    {
        bool isSwapped = pair.PathA != earlier.PathA;
        (double rewardA, double rewardB) = isSwapped ? (pair.RewardB, pair.RewardA) : (pair.RewardA, pair.RewardB);
        (PatchRewards? patchesA, PatchRewards? patchesB) = isSwapped ? (pair.PatchesB, pair.PatchesA) : (pair.PatchesA, pair.PatchesB);
        if (rewardA != earlier.RewardA || rewardB != earlier.RewardB || !Equal(patchesA, earlier.PatchesA) || !Equal(patchesB, earlier.PatchesB))
        {
            throw new InputException($"{path}: rows {earlier.Row} and {pair.Row} are the same two videos and prompt with different rewards. Decide which is right and delete the other.");
        }
    }

    private static bool Equal(PatchRewards? own, PatchRewards? other) =>
        own is null || other is null ? own is null && other is null : own.Grid == other.Grid && own.Values.SequenceEqual(other.Values);

    private static JsonObject[] ReadRows(string path)
    {
        try
        {
            return [.. Rows(path)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Give the path of a file of pairs.", exception);
        }
    }

    /// <summary>The rows of a file one by one, as they stand.</summary>
    /// <exception cref="InputException">Another ending, or a row that breaks the form of the file.</exception>
    internal static IEnumerable<JsonObject> Rows(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".csv" => ReadCsv(path),
        ".jsonl" or ".ndjson" => ReadJsonLines(path),
        _ => throw new InputException($"{path}: expected a file of pairs that ends in .csv, .jsonl or .ndjson."),
    };

    private static IEnumerable<JsonObject> ReadCsv(string path)
    {
        using StreamReader text = new(path);
        using CsvReader reader = new(text, new CsvConfiguration(CultureInfo.InvariantCulture) { TrimOptions = TrimOptions.Trim });
        for (int row = 1; ReadCsvRow(path, reader, row) is { } fields; row++)
        {
            yield return fields;
        }
    }

    private static JsonObject? ReadCsvRow(string path, CsvReader reader, int row)
    {
        try
        {
            while (reader.Read())
            {
                if (reader.HeaderRecord is not null)
                {
                    return new JsonObject(reader.HeaderRecord.Select(name => KeyValuePair.Create(name, (JsonNode?)JsonValue.Create(reader.GetField(name)))));
                }

                reader.ReadHeader();
            }

            return null;
        }
        catch (Exception exception) when (exception is CsvHelperException or ArgumentException)
        {
            throw new InputException($"{path}: row {row} is not a row of the table ({exception.Message.Split('\n')[0].TrimEnd()}). Expected a header of different names, and a value for each in every row.", exception);
        }
    }

    private static IEnumerable<JsonObject> ReadJsonLines(string path)
    {
        int row = 0;
        foreach (string line in File.ReadLines(path).Where(line => line.Trim().Length > 0))
        {
            yield return ReadJsonRow(path, line, ++row);
        }
    }

    private static JsonObject ReadJsonRow(string path, string line, int row)
    {
        try
        {
            JsonObject fields = JsonNode.Parse(line) as JsonObject ?? throw new JsonException("it is no object");

            // Names that stand twice are found when they are first looked at.
            _ = fields.Count;
            return fields;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new InputException($"{path}: row {row} is not a JSON object with different names ({exception.Message}).", exception);
        }
    }

    private sealed class Reader(string path, int row, JsonObject fields)
    {
        private readonly string _folder = Path.GetDirectoryName(Path.GetFullPath(path))!;

        public VideoPair Read(RewardAggregation? aggregation)
        {
            (double rewardA, double rewardB) = aggregation is null ? (Number("reward_A"), Number("reward_B")) : Voted(aggregation);
            (string pathA, string pathB) = (VideoPath("path_A"), VideoPath("path_B"));
            if (pathA == pathB)
            {
                throw Error("path_B", "is the file of path_A", "two different videos");
            }

            (PatchRewards? patchesA, PatchRewards? patchesB) = (Patches("patch_rewards_A"), Patches("patch_rewards_B"));
            if (patchesA is null != patchesB is null)
            {
                throw Error(patchesA is null ? "patch_rewards_A" : "patch_rewards_B", "is missing", "patch rewards of both clips, or of neither");
            }

            Dictionary<string, double> claims = Claims.Where(name => fields[name] is { } value && value.ToString().Length > 0).ToDictionary(name => name, Number);
            return new VideoPair(row, pathA, pathB, Text("prompt"), rewardA, rewardB, patchesA, patchesB, claims);
        }

        private (double A, double B) Voted(RewardAggregation aggregation)
        {
            double difference = aggregation.Difference(aggregation.Weights.Keys.ToDictionary(name => name, name => Votes[fields[name]!.ToString()]));
            return (difference / 2, -difference / 2);
        }

        private PatchRewards? Patches(string name)
        {
            if (fields[name] is not { } node)
            {
                return null;
            }

            PatchGrid grid = Grid();
            if (node is not JsonArray values || values.Count != grid.Count)
            {
                throw Error(name, node is JsonArray array ? $"has {array.Count} values" : "is no list", $"{grid.Count} numbers or nulls for grid {grid}");
            }

            return new PatchRewards(grid, [.. values.Select((value, cell) => value is null ? (double?)null : Finite($"{name}[{cell}]", value))]);
        }

        private PatchGrid Grid()
        {
            try
            {
                return PatchGrid.Parse(Text("grid"));
            }
            catch (InputException exception)
            {
                throw new InputException($"{path}: row {row}: {exception.Message}", exception);
            }
        }

        private string VideoPath(string name) => Path.GetFullPath(Path.Combine(_folder, Text(name)));

        private string Text(string name)
        {
            string text = fields[name]?.ToString().Trim() ?? "";
            return text.Length > 0 ? text : throw Error(name, "is missing or empty", "a text");
        }

        private double Number(string name) => fields[name] is { } value ? Finite(name, value) : throw Error(name, "is missing", "a finite number");

        private double Finite(string name, JsonNode value) =>
            double.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
                ? number
                : throw Error(name, $"is '{value}'", "a finite number");

        private InputException Error(string field, string what, string expected) => new($"{path}: row {row}: {field} {what}. Expected {expected}.");
    }
}
