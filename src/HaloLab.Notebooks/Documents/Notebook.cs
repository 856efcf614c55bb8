using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HaloLab.Notebooks.Documents;

/// <summary>A notebook in nbformat 4: read and checked, changed, written as Jupyter writes it.</summary>
public sealed class Notebook
{
    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string[] VolatileCellMetadata = ["execution", "collapsed", "scrolled", "ExecuteTime", "papermill"];
    private readonly JsonObject _root;

    private Notebook(string path, JsonObject root)
    {
        Path = path;
        _root = root;
    }

    /// <summary>Where it was read.</summary>
    public string Path { get; }

    /// <summary>The file's name without its ending.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>The folder that its paths begin in.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;

    /// <summary>Its cells in order.</summary>
    public IReadOnlyList<NotebookCell> Cells => [.. CellList.Select((cell, i) => new NotebookCell(cell!.AsObject(), i + 1))];

    /// <summary>Whether it carries results of a run.</summary>
    public bool HasOutputs => Cells.Any(cell => cell.IsCode && (cell.Outputs.Count > 0 || cell.Json["execution_count"] is not null));

    private JsonArray CellList => _root["cells"]!.AsArray();

    /// <exception cref="InputException">There is no such file, or it is not a valid notebook of C# cells: the message says where.</exception>
    public static Notebook Read(string path)
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(File.ReadAllText(path));
        }
        catch (JsonException exception)
        {
            throw new InputException($"{path}: not a notebook, its JSON is broken at line {exception.LineNumber + 1}. Expected Jupyter's format 4 (.ipynb).", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Expected a notebook (.ipynb).", exception);
        }

        IReadOnlyList<string> problems = NotebookFormat.Problems(root);
        if (problems.Count > 0)
        {
            throw new InputException($"{path}: not a valid notebook of Jupyter's format 4: {string.Join("; ", problems.Take(5))}.");
        }

        Notebook notebook = new(path, root!.AsObject());
        string? language = notebook._root["metadata"]!["kernelspec"]?["language"] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
        return language is null or "C#" or "csharp" ? notebook
            : throw new InputException($"{path}: its cells are {language}, expected C# (metadata.kernelspec.language).");
    }

    /// <summary>The files that a user names: notebooks, or folders, whose notebooks are taken in the order of their names.</summary>
    /// <exception cref="InputException">Nothing is there, or two have the same name.</exception>
    public static IReadOnlyList<Notebook> ReadAll(IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        List<Notebook> notebooks = [];
        foreach (string path in paths)
        {
            string[] files = Directory.Exists(path) ? [.. Directory.EnumerateFiles(path, "*.ipynb").Order(StringComparer.Ordinal)] : [path];
            if (files.Length == 0)
            {
                throw new InputException($"{path}: there are no notebooks (*.ipynb) in this folder.");
            }

            notebooks.AddRange(files.Select(Read));
        }

        IGrouping<string, Notebook>? twice = notebooks.GroupBy(notebook => notebook.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        return twice is null ? notebooks
            : throw new InputException($"{string.Join(" and ", twice.Select(notebook => notebook.Path))} have the same name, so their results would too. Give one of them.");
    }

    /// <summary>A copy that can be changed by itself.</summary>
    public Notebook Clone() => new(Path, (JsonObject)_root.DeepClone());

    /// <summary>Takes out what a run left: outputs, execution counts and marks of front ends.</summary>
    public void Strip()
    {
        _root["metadata"]!.AsObject().Remove("widgets");
        _root["metadata"]!.AsObject().Remove("papermill");
        foreach (NotebookCell cell in Cells)
        {
            foreach (string mark in VolatileCellMetadata)
            {
                cell.Json["metadata"]!.AsObject().Remove(mark);
            }

            if (cell.IsCode)
            {
                cell.Json["outputs"] = new JsonArray();
                cell.Json["execution_count"] = null;
            }
        }
    }

    /// <summary>Puts a code cell behind another.</summary>
    internal void InsertCode(int afterNumber, string source, string tag)
    {
        JsonObject cell = new()
        {
            ["cell_type"] = "code",
            ["execution_count"] = null,
            ["metadata"] = new JsonObject { ["tags"] = new JsonArray(tag) },
            ["outputs"] = new JsonArray(),
            ["source"] = NotebookText.Split(source),
        };
        if (_root["nbformat_minor"]!.GetValue<int>() >= 5)
        {
            cell["id"] = tag;
        }

        CellList.Insert(afterNumber, cell);
    }

    /// <summary>Takes a cell out.</summary>
    internal void Remove(NotebookCell cell) => CellList.RemoveAt(cell.Number - 1);

    /// <summary>Writes it as Jupyter does, keys in order of their names and one line of text a line, so that saving changes no more than was changed.</summary>
    public void Write(string path) => AtomicFile.WriteAllText(path, ToText());

    /// <summary>The file's text.</summary>
    public string ToText()
    {
        JsonObject root = (JsonObject)Sorted(_root)!;
        foreach (JsonNode? cell in root["cells"]!.AsArray())
        {
            cell!["source"] = NotebookText.Split(NotebookText.Join(cell["source"]));
            foreach (JsonNode? output in cell["outputs"] as JsonArray ?? [])
            {
                if (output!["text"] is { } text)
                {
                    output["text"] = NotebookText.Split(NotebookText.Join(text));
                }

                foreach ((string type, JsonNode? form) in output["data"] is JsonObject data ? data.ToArray() : [])
                {
                    if (form is JsonValue && NotebookText.IsText(form) && type.StartsWith("text/", StringComparison.Ordinal))
                    {
                        output["data"]![type] = NotebookText.Split(NotebookText.Join(form));
                    }
                }
            }
        }

        return root.ToJsonString(Format) + "\n";
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject json => new JsonObject(json.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => KeyValuePair.Create(item.Key, Sorted(item.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
