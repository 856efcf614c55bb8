using System.Text.Json.Nodes;

namespace HaloLab.Notebooks.Documents;

/// <summary>A cell of a notebook, over the JSON that it is.</summary>
public sealed class NotebookCell
{
    internal NotebookCell(JsonObject json, int number)
    {
        Json = json;
        Number = number;
    }

    /// <summary>Place among all cells, from 1.</summary>
    public int Number { get; }

    public bool IsCode => Type == "code";

    public bool IsMarkdown => Type == "markdown";

    /// <summary>Its text.</summary>
    public string Source => NotebookText.Join(Json["source"]);

    public IReadOnlyList<string> Tags => Json["metadata"]!["tags"] is JsonArray tags ? [.. tags.Select(tag => tag!.GetValue<string>())] : [];

    /// <summary>What a code cell shows.</summary>
    public JsonArray Outputs => Json["outputs"]!.AsArray();

    internal JsonObject Json { get; }

    private string Type => Json["cell_type"]!.GetValue<string>();
}
