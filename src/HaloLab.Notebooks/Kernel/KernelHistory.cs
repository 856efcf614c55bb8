using System.IO.Enumeration;
using System.Text.Json.Nodes;

namespace HaloLab.Notebooks.Kernel;

/// <summary>The cells of this session, for the front end's arrow keys. It lives as long as the kernel.</summary>
internal sealed class KernelHistory
{
    private const int Session = 1;
    private readonly List<(int Line, string Input, string? Output)> _entries = [];

    public void Add(int line, string input, string? output) => _entries.Add((line, input, output));

    /// <summary>The answer to a <c>history_request</c>: <c>range</c>, <c>tail</c> or <c>search</c>.</summary>
    public JsonArray Answer(JsonObject request)
    {
        bool withOutput = Flag("output");
        int count = Number("n") ?? 1000;
        IEnumerable<(int Line, string Input, string? Output)> found = _entries;
        switch (request["hist_access_type"]?.GetValue<string>())
        {
            case "range":
                // Session 0 is the running one, whatever its number; of others nothing is kept.
                (int start, int stop) = (Number("start") ?? 0, Number("stop") ?? int.MaxValue);
                found = Number("session") is null or 0 or Session ? found.Where(entry => entry.Line >= start && entry.Line < stop) : [];
                break;
            case "search":
                string pattern = request["pattern"]?.GetValue<string>() ?? "*";
                found = found.Where(entry => FileSystemName.MatchesSimpleExpression(pattern, entry.Input, ignoreCase: false));
                found = Flag("unique") ? found.Reverse().DistinctBy(entry => entry.Input).Reverse() : found;
                found = found.TakeLast(count);
                break;
            default:
                found = found.TakeLast(count);
                break;
        }

        return new JsonArray([.. found.Select(entry => (JsonNode)new JsonArray(Session, entry.Line, withOutput ? new JsonArray(entry.Input, entry.Output) : entry.Input))]);

        bool Flag(string name) => request[name] is JsonValue value && value.TryGetValue(out bool flag) && flag;

        int? Number(string name) => request[name] is JsonValue value && value.TryGetValue(out int number) ? number : null;
    }
}
