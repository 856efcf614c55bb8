using System.Text.Json;

namespace HaloLab.Models;

/// <summary>Reads the <c>config.json</c> of a published model's folder.</summary>
public static class ConfigurationFile
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The content of a file.</summary>
    /// <param name="path">A <c>config.json</c>.</param>
    /// <exception cref="InputException">It is missing or no JSON.</exception>
    public static JsonElement Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException($"{path}: not found. Expected the config.json that is published beside the weights.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw new InputException($"{path}: is no JSON ({exception.Message}).", exception);
        }
    }

    /// <summary>Reads the fields that are given; the others keep their values, unknown ones are ignored.</summary>
    /// <param name="json">The content.</param>
    /// <param name="source">What to call it in messages, for example its path.</param>
    /// <param name="model">What it should describe: <c>a Wan transformer</c>.</param>
    /// <param name="folder">Which folder's file is expected: <c>transformer</c>.</param>
    /// <exception cref="InputException">A value has the wrong type.</exception>
    internal static T Read<T>(JsonElement json, string source, string model, string folder)
    {
        try
        {
            return json.Deserialize<T>(Json) ?? throw new JsonException("null");
        }
        catch (JsonException exception)
        {
            throw new InputException($"{source}: not the configuration of {model} ({exception.Message}). Expected config.json of the {folder} folder.", exception);
        }
    }

    /// <summary>Refuses the first field that does not fit, by name.</summary>
    /// <param name="source">What to call the file in messages.</param>
    /// <param name="checks">Each field, whether it fits, and what is expected of it.</param>
    /// <exception cref="InputException">A field does not fit.</exception>
    internal static void Require(string source, params IEnumerable<(string Field, bool IsRight, string Expected)> checks)
    {
        foreach ((string field, bool isRight, string expected) in checks)
        {
            if (!isRight)
            {
                throw new InputException($"{source}: {field} does not fit; expected {expected}.");
            }
        }
    }

    /// <summary>Refuses the first number that is too small, by name.</summary>
    /// <param name="source">What to call the file in messages.</param>
    /// <param name="numbers">Each field, its value and the least that is allowed.</param>
    /// <exception cref="InputException">A number is too small.</exception>
    internal static void RequireAtLeast(string source, params IEnumerable<(string Field, int Value, int Least)> numbers)
    {
        foreach ((string field, int value, int least) in numbers)
        {
            if (value < least)
            {
                throw new InputException(FormattableString.Invariant($"{source}: {field} is {value}, expected at least {least}."));
            }
        }
    }
}
