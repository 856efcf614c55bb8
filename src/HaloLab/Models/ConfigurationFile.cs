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
}
