using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Displays;
using Plotly.NET;

namespace HaloLab.Notebooks.Displays;

/// <summary>
/// A chart of Plotly.NET, drawn by the plotly.js that <see cref="PlotlyLibrary"/> brings into the notebook: nothing comes from the network. It follows light and dark where the
/// chart names no colours of its own. Where scripts do not run, the text form stands in its place.
/// </summary>
internal sealed class PlotlyChart : IDisplay
{
    /// <summary>A chart's data may have so many characters as JSON; a larger one is described, not drawn.</summary>
    public const int MaximumCharacters = 8_000_000;

    /// <summary>Plotly.NET gives every chart this size unless told otherwise.</summary>
    private const int DefaultSide = 600;

    private readonly JsonObject _figure;
    private readonly string _json;

    public PlotlyChart(GenericChart chart)
    {
        _figure = JsonNode.Parse(GenericChart.toJson(chart))!.AsObject();
        if (_figure["layout"] is JsonObject layout && IsSide(layout["width"]) && IsSide(layout["height"]))
        {
            layout["width"] = 640;
            layout["height"] = 400;
        }

        // Within a script element only its end matters, and the encoder writes every < as \u003C.
        _json = _figure.ToJsonString();
    }

    /// <inheritdoc/>
    public HtmlFragment ToHtml() => _json.Length > MaximumCharacters
        ? HtmlFragment.Of($"<p class=\"halo-note\">{ToText()}. Its data are {_json.Length / 1_000_000} million characters, more than a notebook should carry: thin them out.</p>\n")
        : HtmlFragment.Of($"<figure class=\"halo-plotly\"><p class=\"halo-caption halo-stillness\">{ToText()}. Drawn by plotly.js, which this notebook carries before its first chart; if nothing appears, run the notebook from its start.</p><script type=\"application/json\">{HtmlFragment.Trusted(_json)}</script></figure>\n");

    /// <inheritdoc/>
    public string ToText()
    {
        string title = Title(_figure["layout"]?["title"]) is { Length: > 0 } text ? $" \"{text}\"" : "";
        IEnumerable<string> traces = _figure["data"]!.AsArray().Take(20).Select(trace => Describe(trace!));
        return $"Plotly chart{title}: {string.Join("; ", traces)}";
    }

    private static bool IsSide(JsonNode? node) => node?.AsValue().TryGetValue(out int side) == true && side == DefaultSide;

    private static string Title(JsonNode? title) => title switch { JsonObject detailed => detailed["text"]?.ToString() ?? "", null => "", _ => title.ToString() };

    private static string Describe(JsonNode trace)
    {
        int points = new[] { "x", "y", "z", "values", "r" }.Select(name => (trace[name] as JsonArray)?.Count ?? 0).Max();
        string name = trace["name"] is { } given ? $" '{given}'" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{trace["type"] ?? "scatter"}{name}{(points > 0 ? $" of {points} values" : "")}");
    }
}
