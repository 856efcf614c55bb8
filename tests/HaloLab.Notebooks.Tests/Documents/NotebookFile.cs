using System.Text.Json.Nodes;

namespace HaloLab.Notebooks.Tests.Documents;

/// <summary>Writes small notebooks for tests, and reads what notebooks show that have run.</summary>
internal static class NotebookFile
{
    /// <summary>The names of all staged notebooks, so that a new one is tested, too.</summary>
    public static TheoryData<string> Staged { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "notebooks"), "*.ipynb").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    public static JsonObject Code(string source, params string[] tags) => new()
    {
        ["cell_type"] = "code",
        ["execution_count"] = null,
        ["id"] = "c" + Guid.NewGuid().ToString("N")[..8],
        ["metadata"] = tags.Length == 0 ? [] : new JsonObject { ["tags"] = new JsonArray([.. tags.Select(tag => JsonValue.Create(tag))]) },
        ["outputs"] = new JsonArray(),
        ["source"] = source,
    };

    public static JsonObject Markdown(string source) => new()
    {
        ["cell_type"] = "markdown",
        ["id"] = "m" + Guid.NewGuid().ToString("N")[..8],
        ["metadata"] = new JsonObject(),
        ["source"] = source,
    };

    public static string Write(string path, params JsonObject[] cells)
    {
        JsonObject notebook = new()
        {
            ["cells"] = new JsonArray([.. cells]),
            ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = "halolab-csharp", ["display_name"] = "C# (HaloLab)", ["language"] = "C#" } },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        };
        File.WriteAllText(path, notebook.ToJsonString());
        return path;
    }

    /// <summary>
    /// Everything that a notebook shows which has run, as a console would on its standard output. The error stream is left out: progress, where somebody else has not computed a stage
    /// before, and notes.
    /// </summary>
    public static string Shown(string path) => string.Concat(JsonNode.Parse(File.ReadAllText(path))!["cells"]!.AsArray()
        .SelectMany(cell => cell!["outputs"] as JsonArray ?? [])
        .Where(output => (string?)output!["name"] != "stderr")
        .Select(output => output!["text"] is { } text ? Text(text) : Text(output["data"]!["text/plain"]) + "\n"));

    private static string Text(JsonNode? node) => node is JsonArray lines ? string.Concat(lines.Select(line => line!.GetValue<string>())) : node!.GetValue<string>();
}
