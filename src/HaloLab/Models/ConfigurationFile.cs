using System.Text.Json;

namespace HaloLab.Models;

/// <summary>Reads the <c>config.json</c> of a published model's folder.</summary>
internal static class ConfigurationFile
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Reads the fields that are given; the others keep their values, unknown ones are ignored.</summary>
    /// <param name="json">The content.</param>
    /// <param name="source">What to call it in messages, for example its path.</param>
    /// <param name="model">What it should describe: <c>a Wan transformer</c>.</param>
    /// <param name="folder">Which folder's file is expected: <c>transformer</c>.</param>
    /// <exception cref="InputException">A value has the wrong type.</exception>
    public static T Read<T>(JsonElement json, string source, string model, string folder)
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
