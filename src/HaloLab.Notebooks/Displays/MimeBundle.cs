using System.Text.Json.Nodes;

namespace HaloLab.Notebooks.Displays;

/// <summary>One value in several forms, by MIME type: a front end shows the richest that it knows. JSON types hold JSON text.</summary>
public sealed record MimeBundle(IReadOnlyDictionary<string, string> Forms)
{
    public const string PlainText = "text/plain";
    public const string Html = "text/html";

    /// <summary>A single form.</summary>
    public static MimeBundle Of(string mimeType, string content) => new(new Dictionary<string, string> { [mimeType] = content });

    /// <summary>The bundle as Jupyter writes it: text forms as strings, JSON forms as JSON.</summary>
    internal JsonObject ToJson()
    {
        JsonObject json = [];
        foreach ((string type, string content) in Forms)
        {
            json[type] = IsJson(type) ? JsonNode.Parse(content) : content;
        }

        return json;
    }

    /// <summary>The other way round, for what a child process sends.</summary>
    internal static MimeBundle FromJson(JsonObject json)
    {
        Dictionary<string, string> forms = [];
        foreach ((string type, JsonNode? content) in json)
        {
            forms[type] = IsJson(type) ? content?.ToJsonString() ?? "null" : content!.GetValue<string>();
        }

        return new MimeBundle(forms);
    }

    private static bool IsJson(string type) => type == "application/json" || type.EndsWith("+json", StringComparison.Ordinal);
}
