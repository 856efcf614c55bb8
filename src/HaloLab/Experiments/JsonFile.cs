using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace HaloLab.Experiments;

/// <summary>Values as JSON files: indented, camel case, enumerations by name, not-a-number by name, written atomically.</summary>
public static class JsonFile
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Writes the value.</summary>
    public static void Write<T>(string path, T value) => AtomicFile.WriteAllText(path, JsonSerializer.Serialize(value, Format) + "\n");

    /// <summary>What a file of the value says, a line a part, by dotted names such as <c>settings.grid.time</c>; lists are JSON, and what is null is left out.</summary>
    public static SortedDictionary<string, string> Facts<T>(T value)
    {
        SortedDictionary<string, string> facts = new(StringComparer.Ordinal);
        Flatten("", JsonSerializer.SerializeToNode(value, Format), facts);
        return facts;
    }

    /// <summary>Reads a value.</summary>
    /// <exception cref="InputException">The file is missing or does not hold such a value.</exception>
    public static T Read<T>(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, Format) ?? throw new JsonException("the file holds null");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new InputException($"{path}: cannot be read as {typeof(T).Name} ({exception.Message}).", exception);
        }
    }

    private static void Flatten(string name, JsonNode? node, SortedDictionary<string, string> facts)
    {
        if (node is JsonObject parts)
        {
            foreach ((string key, JsonNode? value) in parts)
            {
                Flatten(name.Length == 0 ? key : $"{name}.{key}", value, facts);
            }
        }
        else if (node is not null)
        {
            facts[name] = node is JsonValue value && value.TryGetValue(out string? text) ? text : node.ToJsonString();
        }
    }
}
