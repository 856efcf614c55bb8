using System.Text.Json.Nodes;

namespace HaloLab.Notebooks.Documents;

/// <summary>Puts what cells show into the notebook, as a front end would: text of one stream grows together, an update replaces what it updates.</summary>
internal sealed class NotebookOutputs
{
    private readonly Dictionary<string, List<JsonObject>> _displays = [];

    /// <param name="outputs">The cell's outputs.</param>
    /// <param name="messageType">Jupyter's message type.</param>
    /// <param name="content">The message's content.</param>
    public void Add(JsonArray outputs, string messageType, JsonObject content)
    {
        string? displayId = content["transient"]?["display_id"]?.GetValue<string>();
        content.Remove("transient");
        if (messageType == "update_display_data")
        {
            foreach (JsonObject shown in displayId is null ? [] : _displays.GetValueOrDefault(displayId) ?? [])
            {
                shown["data"] = content["data"]!.DeepClone();
                shown["metadata"] = content["metadata"]!.DeepClone();
            }

            return;
        }

        if (messageType == "stream" && outputs.LastOrDefault() is JsonObject last && last["output_type"]!.GetValue<string>() == "stream"
            && last["name"]!.GetValue<string>() == content["name"]!.GetValue<string>())
        {
            // A list of pieces: joining them here would copy a long text at each piece.
            last["text"]!.AsArray().Add(content["text"]!.DeepClone());
            return;
        }

        JsonObject output = new() { ["output_type"] = messageType };
        foreach ((string name, JsonNode? value) in content)
        {
            output[name] = messageType == "stream" && name == "text" ? new JsonArray(value!.DeepClone()) : value?.DeepClone();
        }

        outputs.Add(output);
        if (displayId is not null)
        {
            if (!_displays.TryGetValue(displayId, out List<JsonObject>? shown))
            {
                _displays[displayId] = shown = [];
            }

            shown.Add(output);
        }
    }
}
