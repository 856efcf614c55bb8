using System.Text.Json;

namespace HaloLab.Experiments;

/// <summary>A value in a JSON file that somebody wrote, which knows where it stands, so that what is wrong with it can be said.</summary>
/// <param name="File">The file.</param>
/// <param name="Value">The value.</param>
/// <param name="Path">Where it stands, for example <c>variants[1].set.lambda</c>; empty for the whole.</param>
internal readonly record struct JsonPlace(string File, JsonElement Value, string Path = "")
{
    /// <summary>What is said about a value that is not what was expected.</summary>
    public InputException Refused(string expected) => new($"{File}: {(Path.Length > 0 ? $"{Path} is {Short()}" : "the whole file")}; expected {expected}.");

    /// <summary>What is said about a field that nobody knows.</summary>
    public InputException Unknown(string expected) => new($"{File}: {Path} is unknown; expected {expected}.");

    /// <summary>The fields of an object.</summary>
    public IEnumerable<(string Name, JsonPlace Place)> Fields()
    {
        JsonPlace own = this;
        return Value.ValueKind == JsonValueKind.Object
            ? Value.EnumerateObject().Select(field => (field.Name, own.At(field.Name, field.Value)))
            : throw Refused("an object, { … }");
    }

    /// <summary>The items of a list.</summary>
    public IEnumerable<JsonPlace> Items()
    {
        JsonPlace own = this;
        return Value.ValueKind == JsonValueKind.Array
            ? Value.EnumerateArray().Select((item, i) => own with { Value = item, Path = $"{own.Path}[{i}]" })
            : throw Refused("a list, [ … ]");
    }

    /// <summary>Refuses an object with other fields than these.</summary>
    public void RequireFields(params string[] known)
    {
        foreach ((string name, JsonPlace place) in Fields())
        {
            if (!known.Contains(name))
            {
                throw place.Unknown($"one of {string.Join(", ", known)}");
            }
        }
    }

    /// <summary>A field of the object, or null.</summary>
    public JsonPlace? Find(string name) => Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(name, out JsonElement field) ? At(name, field) : null;

    /// <summary>A field of the object.</summary>
    public JsonPlace Get(string name) => Find(name) ?? throw new InputException($"{File}: {(Path.Length > 0 ? Path : "the whole file")} has no \"{name}\".");

    /// <summary>A text that is not empty.</summary>
    public string Text() => Value.ValueKind == JsonValueKind.String && Value.GetString() is { Length: > 0 } text ? text : throw Refused("text");

    /// <summary>One of several words.</summary>
    public string Word(params string[] words) => Value.ValueKind == JsonValueKind.String && words.Contains(Value.GetString()) ? Value.GetString()! : throw Refused($"one of {string.Join(", ", words)}");

    /// <summary>A number in a range.</summary>
    public double Number(Func<double, bool> isAllowed, string expected) =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetDouble(out double number) && isAllowed(number) ? number : throw Refused(expected);

    private JsonPlace At(string name, JsonElement value) => new(File, value, Path.Length == 0 ? name : $"{Path}.{name}");

    private string Short() => Value.GetRawText() is { Length: <= 60 } text ? text : Value.GetRawText()[..57] + "…";
}
