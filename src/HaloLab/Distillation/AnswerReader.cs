using System.Text.Json;

namespace HaloLab.Distillation;

/// <summary>Reads answers about numbered patches. A service promises to keep to the schema; some do not, and no schema says that every patch is named once.</summary>
internal static class AnswerReader
{
    private static readonly string[] Dimensions = [.. Enum.GetValues<GradeDimension>().Select(NameOf)];

    /// <summary>What a dimension is called in answers.</summary>
    public static string NameOf(GradeDimension dimension) => JsonNamingPolicy.SnakeCaseLower.ConvertName(dimension.ToString());

    /// <summary>The patches in the order of their numbers.</summary>
    /// <param name="text">The answer.</param>
    /// <param name="count">Patches asked about, numbered from 1.</param>
    /// <param name="read">Reads one from its object and those of its dimensions.</param>
    /// <exception cref="JsonException">Anything else; the message says what.</exception>
    public static IReadOnlyList<TPatch> Patches<TPatch>(string text, int count, Func<JsonElement, JsonElement[], TPatch> read)
        where TPatch : class
    {
        using JsonDocument document = JsonDocument.Parse(text);
        TPatch?[] patches = new TPatch?[count];
        foreach (JsonElement item in Property(document.RootElement, "patches", JsonValueKind.Array).EnumerateArray())
        {
            int number = Whole(item, "patch", 1, count);
            if (patches[number - 1] is not null)
            {
                throw new JsonException($"patch {number} is answered twice");
            }

            patches[number - 1] = read(item, [.. Dimensions.Select(name => Property(item, name, JsonValueKind.Object))]);
        }

        int missing = Array.IndexOf(patches, null);
        return missing < 0 ? [.. patches.OfType<TPatch>()] : throw new JsonException($"patch {missing + 1} is not answered");
    }

    public static double Confidence(JsonElement dimension)
    {
        double value = Property(dimension, "confidence", JsonValueKind.Number).GetDouble();
        return value is >= 0 and <= 1 ? value : throw new JsonException($"confidence is {value}, expected 0 to 1");
    }

    public static string Reason(JsonElement dimension) => Property(dimension, "reason", JsonValueKind.String).GetString()!;

    public static int Whole(JsonElement parent, string name, int least, int most)
    {
        JsonElement value = Property(parent, name, JsonValueKind.Number);
        return value.TryGetInt32(out int number) && number >= least && number <= most ? number : throw new JsonException($"{name} is {value}, expected a whole number from {least} to {most}");
    }

    public static JsonElement Property(JsonElement parent, string name, JsonValueKind kind) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind
            ? value
            : throw new JsonException($"'{name}' is missing or no {kind}");
}
