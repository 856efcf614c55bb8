using System.Text.Json.Nodes;
using HaloLab.Notebooks.Displays;

namespace HaloLab.Notebooks.Scripting;

/// <summary>Something that a cell shows while it runs; its JSON is both the content of Jupyter's message and, with its type, the notebook's output.</summary>
public abstract record CellOutput
{
    /// <summary>Jupyter's message type, which is also nbformat's output type (but for updates).</summary>
    internal abstract string MessageType { get; }

    /// <summary>The message's content.</summary>
    /// <param name="executionCount">The number of the cell that shows it.</param>
    internal abstract JsonObject ToContent(int executionCount);
}

/// <summary>Text on <c>stdout</c> or <c>stderr</c>.</summary>
public sealed record StreamOutput(string Name, string Text) : CellOutput
{
    public const string StandardOutput = "stdout";
    public const string StandardError = "stderr";

    internal override string MessageType => "stream";

    internal override JsonObject ToContent(int executionCount) => new() { ["name"] = Name, ["text"] = Text };
}

/// <summary>A value that a cell displays; an update replaces what was displayed under the same id.</summary>
public sealed record DisplayOutput(MimeBundle Data, string? DisplayId = null, bool IsUpdate = false) : CellOutput
{
    internal override string MessageType => IsUpdate ? "update_display_data" : "display_data";

    internal override JsonObject ToContent(int executionCount)
    {
        JsonObject content = new() { ["data"] = Data.ToJson(), ["metadata"] = new JsonObject(), ["transient"] = new JsonObject() };
        if (DisplayId is not null)
        {
            content["transient"]!["display_id"] = DisplayId;
        }

        return content;
    }
}

/// <summary>The value of a cell's last expression.</summary>
public sealed record ResultOutput(MimeBundle Data) : CellOutput
{
    internal override string MessageType => "execute_result";

    internal override JsonObject ToContent(int executionCount) => new() { ["execution_count"] = executionCount, ["data"] = Data.ToJson(), ["metadata"] = new JsonObject() };
}

/// <summary>The cell failed.</summary>
public sealed record ErrorOutput(CellError Error) : CellOutput
{
    internal override string MessageType => "error";

    internal override JsonObject ToContent(int executionCount) => new()
    {
        ["ename"] = Error.Name,
        ["evalue"] = Error.Message,
        ["traceback"] = new JsonArray([.. Error.Trace.Select(line => JsonValue.Create(line))]),
    };
}
