using System.Text.Json.Nodes;

namespace HaloLab.Notebooks.Documents;

/// <summary>nbformat's texts: a string, or its lines in a list, each with its newline.</summary>
internal static class NotebookText
{
    public static bool IsText(JsonNode? node) => node switch
    {
        JsonValue value => value.TryGetValue(out string? _),
        JsonArray lines => lines.All(line => line is JsonValue value && value.TryGetValue(out string? _)),
        _ => false,
    };

    public static string Join(JsonNode? node) => node switch
    {
        JsonArray lines => string.Concat(lines.Select(line => line!.GetValue<string>())),
        JsonValue text => text.GetValue<string>(),
        _ => "",
    };

    /// <summary>The lines in a list, as Jupyter writes them: a change of one line is a change of one line.</summary>
    public static JsonArray Split(string text)
    {
        JsonArray lines = [];
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end + 1;
            lines.Add(JsonValue.Create(text[start..end]));
            start = end;
        }

        return lines;
    }
}
