using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Text;
using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Notebooks.Documents;

namespace HaloLab.Notebooks.Running;

/// <summary>
/// Runs notebooks without Jupyter, each in a process of its own, and writes each as a notebook with its results and as a page. What ran to its end
/// with the same contents, parameters and library is not run again.
/// </summary>
/// <param name="program">File name of the program's assembly beside this one, which has the verb <c>notebooks run-cells</c>.</param>
/// <param name="output">Folder for the results.</param>
/// <param name="timeout">The longest that one cell may take.</param>
public sealed class NotebookRunner(string program, string output, TimeSpan timeout)
{
    private const int NativeLinesKept = 12;

    /// <summary>Runs them in order and stops at the first that fails.</summary>
    /// <param name="notebooks">The notebooks.</param>
    /// <param name="parameters">Values of parameters, for every notebook that has them.</param>
    /// <param name="progress">Is told how it goes on.</param>
    /// <param name="cancellation">Stops the running notebook; those that are done stay.</param>
    /// <exception cref="InputException">No notebook has such a parameter (nothing has run then), or a cell fails: the message says which and why.</exception>
    public void Run(IReadOnlyList<Notebook> notebooks, IReadOnlyDictionary<string, string> parameters, IRunProgress progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(notebooks);
        ArgumentNullException.ThrowIfNull(progress);
        List<Notebook> prepared = [.. notebooks.Select(notebook => Prepare(notebook, Applicable(notebook, notebooks, parameters)))];
        RunClock clock = new(prepared.Sum(notebook => notebook.Cells.Count(cell => cell.IsCode)));
        foreach (Notebook notebook in prepared)
        {
            int cells = notebook.Cells.Count(cell => cell.IsCode);
            string key = Key(notebook);
            string record = RecordFile(notebook);
            if (IsDone(notebook, record, key))
            {
                clock.Skip(cells);
                progress.StageFinished(new StageResult(notebook.Name, key, output, "", 0, WasRead: true));
                continue;
            }

            Directory.CreateDirectory(output);
            File.Delete(record);
            progress.StageStarted(notebook.Name, null, clock.SecondsLeft);
            long begun = Stopwatch.GetTimestamp();
            string? failure = RunOne(notebook, done =>
            {
                clock.CellDone();
                progress.StageAdvanced(notebook.Name, (double)done / cells, clock.SecondsLeft);
            }, cancellation);
            notebook.Write(Executed(notebook));
            NotebookPage.Write(notebook, Page(notebook));
            if (failure is not null)
            {
                throw new InputException($"{failure}\nThe cells up to there are in {Executed(notebook)} and {Page(notebook)}. The same command goes on with this notebook.");
            }

            double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
            JsonFile.Write(record, new NotebookRunRecord(key, seconds));
            progress.StageFinished(new StageResult(notebook.Name, key, output, "", seconds, WasRead: false));
        }
    }

    /// <summary>The notebook with its results.</summary>
    public string Executed(Notebook notebook) => Path.Combine(output, notebook.Name + ".ipynb");

    /// <summary>The page.</summary>
    public string Page(Notebook notebook) => Path.Combine(output, notebook.Name + ".html");

    /// <summary>Of several notebooks each takes the parameters that it has; one that none has stays, and is refused.</summary>
    private static Dictionary<string, string> Applicable(Notebook notebook, IReadOnlyList<Notebook> all, IReadOnlyDictionary<string, string> parameters)
    {
        bool Has(Notebook one, string name) => NotebookParameters.Of(one).Any(parameter => parameter.Name == name);
        return parameters.Where(parameter => Has(notebook, parameter.Key) || !all.Any(other => Has(other, parameter.Key))).ToDictionary();
    }

    private static Notebook Prepare(Notebook notebook, IReadOnlyDictionary<string, string> parameters)
    {
        Notebook prepared = notebook.Clone();
        prepared.Strip();
        NotebookParameters.Set(prepared, parameters);
        return prepared;
    }

    private static string Key(Notebook notebook)
    {
        Dictionary<string, string> hashes = new()
        {
            ["notebook"] = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(notebook.ToText()))),
            ["library"] = FileHash.Of(typeof(InputException).Assembly.Location),
            ["notebooks"] = FileHash.Of(typeof(NotebookRunner).Assembly.Location),
        };
        foreach (string script in Directory.EnumerateFiles(notebook.Folder, "*.csx"))
        {
            hashes["script " + Path.GetFileName(script)] = FileHash.Of(script);
        }

        return FileHash.OfAll(hashes);
    }

    private string RecordFile(Notebook notebook) => Path.Combine(output, notebook.Name + ".done.json");

    private bool IsDone(Notebook notebook, string record, string key) =>
        File.Exists(record) && File.Exists(Executed(notebook)) && File.Exists(Page(notebook)) && JsonFile.Read<NotebookRunRecord>(record).Key == key;

    /// <returns>Null, or what went wrong.</returns>
    private string? RunOne(Notebook notebook, Action<int> cellDone, CancellationToken cancellation)
    {
        List<NotebookCell> cells = [.. notebook.Cells.Where(cell => cell.IsCode)];
        using AnonymousPipeServerStream pipe = new(PipeDirection.In, HandleInheritability.Inheritable);
        ProcessStartInfo start = new(ProgramCopy.DotnetHost, [Path.Combine(ProgramCopy.Make(), program), "notebooks", "run-cells", pipe.GetClientHandleAsString()])
        {
            WorkingDirectory = notebook.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process child = Process.Start(start)!;
        pipe.DisposeLocalCopyOfClientHandle();
        Queue<string> native = new();
        child.OutputDataReceived += (_, line) => Keep(native, line.Data);
        child.ErrorDataReceived += (_, line) => Keep(native, line.Data);
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        try
        {
            Send(child, cells);
            return Follow(notebook, cells, child, pipe, native, cellDone, cancellation);
        }
        finally
        {
            if (!child.HasExited)
            {
                child.Kill(entireProcessTree: true);
                child.WaitForExit();
            }
        }
    }

    private static void Send(Process child, List<NotebookCell> cells)
    {
        JsonArray codes = [.. cells.Select(cell => (JsonNode)new JsonObject { ["number"] = cell.Number, ["code"] = cell.Source })];
        try
        {
            child.StandardInput.Write(new JsonObject { ["cells"] = codes }.ToJsonString());
            child.StandardInput.Close();
        }
        catch (IOException)
        {
            // The child died before it read everything; the pipe ends, and what is said then is said below.
        }
    }

    private string? Follow(Notebook notebook, List<NotebookCell> cells, Process child, Stream pipe, Queue<string> native, Action<int> cellDone, CancellationToken cancellation)
    {
        using StreamReader reader = new(pipe, Encoding.UTF8);
        NotebookOutputs outputs = new();
        int running = -1;
        int done = 0;
        long deadline = long.MaxValue;
        while (done < cells.Count)
        {
            Task<string?> next = reader.ReadLineAsync(cancellation).AsTask();
            if (!Wait(next, deadline, cancellation))
            {
                string message = string.Create(CultureInfo.InvariantCulture, $"The cell did not end within {timeout.TotalSeconds:0.#} s (--timeout) and was stopped.");
                AddError(outputs, cells[running], "Timeout", message);
                child.Kill(entireProcessTree: true);
                return Place(notebook, cells[running], message);
            }

            if (next.Result is not { } line)
            {
                return Died(notebook, cells, Math.Max(running, 0), child, native, outputs);
            }

            JsonNode message2 = JsonNode.Parse(line)!;
            string type = message2["type"]!.GetValue<string>();
            switch (type)
            {
                case "begin":
                    running++;
                    cells[running].Json["execution_count"] = running + 1;
                    deadline = Stopwatch.GetTimestamp() + (long)(timeout.TotalSeconds * Stopwatch.Frequency);
                    break;
                case "end":
                    deadline = long.MaxValue;
                    done++;
                    cellDone(done);
                    break;
                default:
                    JsonObject content = message2["content"]!.AsObject();
                    outputs.Add(cells[running].Outputs, type, content);
                    if (type == "error")
                    {
                        return Place(notebook, cells[running], string.Join('\n', content["traceback"]!.AsArray().Select(text => text!.GetValue<string>())));
                    }

                    break;
            }
        }

        return null;
    }

    /// <returns>False when the deadline has passed.</returns>
    private static bool Wait(Task task, long deadline, CancellationToken cancellation)
    {
        TimeSpan left = deadline == long.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(Math.Max(0, (double)(deadline - Stopwatch.GetTimestamp()) / Stopwatch.Frequency));
        return task.Wait((int)left.TotalMilliseconds, cancellation);
    }

    private static string Died(Notebook notebook, List<NotebookCell> cells, int running, Process child, Queue<string> native, NotebookOutputs outputs)
    {
        child.WaitForExit();
        string cause = child.ExitCode > 128
            ? string.Create(CultureInfo.InvariantCulture, $"The process that ran the cell was ended by signal {child.ExitCode - 128} ({SignalName(child.ExitCode - 128)}): native code crashed, or somebody killed it.")
            : string.Create(CultureInfo.InvariantCulture, $"The process that ran the cell ended by itself with code {child.ExitCode}.");
        lock (native)
        {
            cause += native.Count > 0 ? "\nIts last words:\n  " + string.Join("\n  ", native) : "";
        }

        AddError(outputs, cells[running], "ProcessDied", cause);
        return Place(notebook, cells[running], cause);
    }

    private static string SignalName(int signal) => signal switch { 4 => "SIGILL", 6 => "SIGABRT", 7 => "SIGBUS", 8 => "SIGFPE", 9 => "SIGKILL, for example for want of memory", 11 => "SIGSEGV", 15 => "SIGTERM", _ => "see signal(7)" };

    private static void AddError(NotebookOutputs outputs, NotebookCell cell, string name, string message) =>
        outputs.Add(cell.Outputs, "error", new JsonObject { ["ename"] = name, ["evalue"] = message, ["traceback"] = new JsonArray([.. message.Split('\n').Select(line => JsonValue.Create(line))]) });

    private static string Place(Notebook notebook, NotebookCell cell, string what) =>
        $"{notebook.Path}: cell {cell.Number} of {notebook.Cells.Count} failed (\"{cell.Source.Trim().Split('\n')[0]}\"):\n{what}";

    private static void Keep(Queue<string> lines, string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (lines)
        {
            lines.Enqueue(line.Length > 400 ? line[..400] + "…" : line);
            if (lines.Count > NativeLinesKept)
            {
                lines.Dequeue();
            }
        }
    }

    /// <summary>Time left, from the cells done so far.</summary>
    private sealed class RunClock(int cells)
    {
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private int _left = cells;
        private int _done;

        public double SecondsLeft => _done == 0 ? 0 : _watch.Elapsed.TotalSeconds / _done * _left;

        public void CellDone()
        {
            _done++;
            _left--;
        }

        public void Skip(int count) => _left -= count;
    }
}
