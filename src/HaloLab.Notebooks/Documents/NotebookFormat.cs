using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace HaloLab.Notebooks.Documents;

/// <summary>What nbformat 4's schema asks of a notebook (https://nbformat.readthedocs.io, minor versions 0 to 5).</summary>
internal static partial class NotebookFormat
{
    private const int MinorWithIds = 5;

    /// <summary>What is wrong, each with its place; empty for a valid notebook.</summary>
    public static IReadOnlyList<string> Problems(JsonNode? root)
    {
        List<string> problems = [];
        if (root is not JsonObject notebook)
        {
            return ["expected an object with 'cells', 'metadata', 'nbformat' and 'nbformat_minor'"];
        }

        if (!IsInteger(notebook["nbformat"], out int major) || major != 4)
        {
            return [$"'nbformat' is {notebook["nbformat"]?.ToJsonString() ?? "missing"}, expected 4. Open and save the notebook in Jupyter to bring it to version 4"];
        }

        if (!IsInteger(notebook["nbformat_minor"], out int minor) || minor < 0)
        {
            problems.Add("'nbformat_minor' is missing or not a number");
        }

        if (notebook["metadata"] is not JsonObject metadata)
        {
            problems.Add("'metadata' is missing or not an object");
        }
        else
        {
            if (metadata["kernelspec"] is { } kernel && (kernel is not JsonObject specification || !IsString(specification["name"]) || !IsString(specification["display_name"])))
            {
                problems.Add("'metadata.kernelspec' needs 'name' and 'display_name'");
            }

            if (metadata["language_info"] is { } language && (language is not JsonObject information || !IsString(information["name"])))
            {
                problems.Add("'metadata.language_info' needs 'name'");
            }
        }

        if (notebook["cells"] is not JsonArray cells)
        {
            problems.Add("'cells' is missing or not a list");
            return problems;
        }

        HashSet<string> ids = [];
        for (int i = 0; i < cells.Count; i++)
        {
            problems.AddRange(CellProblems(cells[i], minor, ids).Select(problem => $"cell {i + 1}: {problem}"));
        }

        return problems;
    }

    private static IEnumerable<string> CellProblems(JsonNode? node, int minor, HashSet<string> ids)
    {
        if (node is not JsonObject cell)
        {
            yield return "expected an object";
            yield break;
        }

        string type = IsString(cell["cell_type"]) ? cell["cell_type"]!.GetValue<string>() : "";
        if (type is not ("code" or "markdown" or "raw"))
        {
            yield return $"'cell_type' is {cell["cell_type"]?.ToJsonString() ?? "missing"}, expected code, markdown or raw";
            yield break;
        }

        if (cell["metadata"] is not JsonObject metadata)
        {
            yield return "'metadata' is missing or not an object";
        }
        else if (metadata["tags"] is { } tags && (tags is not JsonArray list || !list.All(IsString)))
        {
            yield return "'metadata.tags' is not a list of texts";
        }

        if (!NotebookText.IsText(cell["source"]))
        {
            yield return "'source' is missing or neither text nor a list of lines";
        }

        if (minor >= MinorWithIds)
        {
            string id = IsString(cell["id"]) ? cell["id"]!.GetValue<string>() : "";
            if (!Identifier().IsMatch(id))
            {
                yield return $"'id' is {cell["id"]?.ToJsonString() ?? "missing"}, expected 1 to 64 letters, digits, '-' or '_'";
            }
            else if (!ids.Add(id))
            {
                yield return $"'id' {id} is another cell's too";
            }
        }

        string[] allowed = type == "code" ? ["cell_type", "metadata", "source", "outputs", "execution_count"] : ["cell_type", "metadata", "source", "attachments"];
        foreach ((string name, _) in cell)
        {
            if (!allowed.Contains(name) && !(name == "id" && minor >= MinorWithIds))
            {
                yield return $"'{name}' is not a field of a {type} cell";
            }
        }

        if (type != "code")
        {
            yield break;
        }

        if (!cell.TryGetPropertyValue("execution_count", out JsonNode? count) || (count is not null && !IsInteger(count, out _)))
        {
            yield return "'execution_count' is missing or neither null nor a number";
        }

        if (cell["outputs"] is not JsonArray outputs)
        {
            yield return "'outputs' is missing or not a list";
            yield break;
        }

        foreach ((int i, JsonNode? output) in outputs.Index())
        {
            if (OutputProblem(output) is { } problem)
            {
                yield return $"output {i + 1}: {problem}";
            }
        }
    }

    private static string? OutputProblem(JsonNode? node)
    {
        if (node is not JsonObject output || !IsString(output["output_type"]))
        {
            return "expected an object with 'output_type'";
        }

        string type = output["output_type"]!.GetValue<string>();
        return type switch
        {
            "stream" => IsString(output["name"]) && NotebookText.IsText(output["text"]) ? null : "a stream needs 'name' and 'text'",
            "error" => IsString(output["ename"]) && IsString(output["evalue"]) && output["traceback"] is JsonArray lines && lines.All(IsString) ? null : "an error needs 'ename', 'evalue' and 'traceback'",
            "display_data" => HasData(output) ? null : "display_data needs 'data' and 'metadata'",
            "execute_result" => HasData(output) && output.ContainsKey("execution_count") ? null : "execute_result needs 'data', 'metadata' and 'execution_count'",
            _ => $"'output_type' is {type}, expected stream, display_data, execute_result or error",
        };
    }

    private static bool HasData(JsonObject output) => output["metadata"] is JsonObject && output["data"] is JsonObject data
        && data.All(form => form.Key == "application/json" || form.Key.EndsWith("+json", StringComparison.Ordinal) || NotebookText.IsText(form.Value));

    private static bool IsString(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? _);

    private static bool IsInteger(JsonNode? node, out int number)
    {
        number = -1;
        return node is JsonValue value && value.TryGetValue(out number);
    }

    [GeneratedRegex("^[a-zA-Z0-9_-]{1,64}$")]
    private static partial Regex Identifier();
}
