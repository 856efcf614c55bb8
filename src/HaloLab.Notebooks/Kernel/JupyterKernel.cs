using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using HaloLab.Notebooks.Displays;
using HaloLab.Notebooks.Scripting;
using Microsoft.CodeAnalysis.Text;
using NetMQ.Sockets;

namespace HaloLab.Notebooks.Kernel;

/// <summary>
/// A Jupyter kernel for C# (messaging protocol 5.3). Cells run on the thread that calls <see cref="Run"/>, which also answers the shell channel, so
/// requests come one after the other; interrupts and shutdown have a channel and a thread of their own.
/// </summary>
public sealed class JupyterKernel : IDisposable
{
    internal const string ProtocolVersion = "5.3";
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    // Requests that a front end sent together with the failed one are on the wire for a moment.
    private static readonly TimeSpan AbortWindow = TimeSpan.FromMilliseconds(20);
    private readonly TextWriter _log = Console.Error;
    private readonly KernelSockets _sockets;
    private readonly ScriptEngine _engine;
    private readonly KernelHistory _history = new();
    private readonly List<KernelMessage> _aborting = [];
    private readonly Thread _controlling;
    private readonly PosixSignalRegistration _interruptSignal;
    private JsonObject? _cell;
    private string? _lastResult;
    private bool _isSilent;
    private int _count;
    private volatile bool _isOver;

    /// <param name="connectionFile">The file that Jupyter wrote.</param>
    /// <param name="folder">Where the notebook lies; Jupyter starts a kernel there.</param>
    /// <exception cref="InputException">The file cannot be used or a port is taken.</exception>
    public JupyterKernel(string connectionFile, string folder)
    {
        _sockets = new KernelSockets(ConnectionFile.Read(connectionFile));
        _engine = new ScriptEngine(folder, Show);
        _interruptSignal = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            _engine.Interrupt();
        });
        _controlling = new Thread(Control) { IsBackground = true, Name = "control" };
    }

    /// <summary>Serves until a front end asks for shutdown.</summary>
    public void Run()
    {
        _sockets.Publish("status", new JsonObject { ["execution_state"] = "starting" }, null);
        _controlling.Start();
        while (!_isOver)
        {
            if (_sockets.Receive(_sockets.Shell, Tick, _log) is { } message)
            {
                Handle(_sockets.Shell, message);
                HandleAborting();
            }
        }

        _controlling.Join();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _interruptSignal.Dispose();
        _engine.Dispose();
        _sockets.Dispose();
    }

    private void Control()
    {
        while (!_isOver)
        {
            if (_sockets.Receive(_sockets.Control, Tick, _log) is { } message)
            {
                Handle(_sockets.Control, message);
            }
        }
    }

    private void Handle(RouterSocket socket, KernelMessage message)
    {
        _sockets.Publish("status", new JsonObject { ["execution_state"] = "busy" }, message.Header);
        try
        {
            Dispatch(socket, message);
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException or NullReferenceException or ArgumentException or KeyNotFoundException)
        {
            // A request whose content has other fields or types than the protocol says; the kernel goes on.
            _log.WriteLine($"{message.Type} cannot be answered: {exception.Message}");
        }

        _sockets.Publish("status", new JsonObject { ["execution_state"] = "idle" }, message.Header);
    }

    private void Dispatch(RouterSocket socket, KernelMessage message)
    {
        JsonObject content = message.Content;
        switch (message.Type)
        {
            case "execute_request":
                Execute(socket, message);
                break;
            case "complete_request":
                Answer("complete_reply", Complete(content));
                break;
            case "inspect_request":
                Answer("inspect_reply", Inspect(content));
                break;
            case "is_complete_request":
                string state = ScriptLanguage.Completeness(Text(content, "code"));
                Answer("is_complete_reply", state == "incomplete" ? new JsonObject { ["status"] = state, ["indent"] = Indent(Text(content, "code")) } : new JsonObject { ["status"] = state });
                break;
            case "history_request":
                Answer("history_reply", new JsonObject { ["history"] = _history.Answer(content) });
                break;
            case "kernel_info_request":
                Answer("kernel_info_reply", Information());
                break;
            case "interrupt_request":
                _engine.Interrupt();
                Answer("interrupt_reply", []);
                break;
            case "shutdown_request":
                JsonObject reply = new() { ["restart"] = content["restart"]?.GetValue<bool>() ?? false };
                Answer("shutdown_reply", (JsonObject)reply.DeepClone());
                reply["status"] = "ok";
                _sockets.Publish("shutdown_reply", reply, message.Header);
                _isOver = true;
                _engine.Interrupt();
                EndAtLast();
                break;
            case "comm_info_request":
                Answer("comm_info_reply", new JsonObject { ["comms"] = new JsonObject() });
                break;
            case "comm_open":
                // There are no widgets here; closing says so to whoever opened.
                _sockets.Publish("comm_close", new JsonObject { ["comm_id"] = content["comm_id"]?.DeepClone(), ["data"] = new JsonObject() }, message.Header);
                break;
            case "comm_msg" or "comm_close" or "input_reply":
                break;
            default:
                _log.WriteLine($"{message.Type} is not known and was ignored.");
                break;
        }

        void Answer(string type, JsonObject answer)
        {
            answer.TryAdd("status", "ok");
            _sockets.Answer(socket, message, type, answer);
        }
    }

    private void Execute(RouterSocket socket, KernelMessage message)
    {
        JsonObject content = message.Content;
        string code = Text(content, "code");
        bool isSilent = Flag(content, "silent", false);
        bool isStored = !isSilent && Flag(content, "store_history", true);
        if (isStored)
        {
            _count++;
        }

        (_cell, _lastResult) = (message.Header, null);
        Volatile.Write(ref _isSilent, isSilent);
        if (!isSilent)
        {
            _sockets.Publish("execute_input", new JsonObject { ["code"] = code, ["execution_count"] = _count }, message.Header);
        }

        CellError? error = _engine.Run(code, $"cell {_count}");
        if (isStored)
        {
            _history.Add(_count, code, _lastResult);
        }

        if (error is null)
        {
            _sockets.Answer(socket, message, "execute_reply", new JsonObject
            {
                ["status"] = "ok",
                ["execution_count"] = _count,
                ["user_expressions"] = UserExpressions(content["user_expressions"] as JsonObject),
                ["payload"] = new JsonArray(),
            });
            return;
        }

        // Before the answer: what comes after it was asked for by somebody who knows.
        List<KernelMessage> waiting = Flag(content, "stop_on_error", true) ? Waiting(socket) : [];
        ErrorOutput output = new(error);
        Show(output);
        JsonObject reply = output.ToContent(_count);
        reply["status"] = "error";
        reply["execution_count"] = _count;
        _sockets.Answer(socket, message, "execute_reply", reply);
        _aborting.AddRange(waiting);
    }

    /// <summary>After an error, cells that were asked for before it was known do not run; other requests are answered.</summary>
    private void HandleAborting()
    {
        KernelMessage[] waiting = [.. _aborting];
        _aborting.Clear();
        foreach (KernelMessage message in waiting)
        {
            if (message.Type != "execute_request")
            {
                Handle(_sockets.Shell, message);
                continue;
            }

            _sockets.Publish("status", new JsonObject { ["execution_state"] = "busy" }, message.Header);
            _sockets.Answer(_sockets.Shell, message, "execute_reply", new JsonObject { ["status"] = "aborted", ["execution_count"] = _count });
            _sockets.Publish("status", new JsonObject { ["execution_state"] = "idle" }, message.Header);
        }
    }

    private List<KernelMessage> Waiting(RouterSocket socket)
    {
        List<KernelMessage> waiting = [];
        while (_sockets.Receive(socket, AbortWindow, _log) is { } message)
        {
            waiting.Add(message);
        }

        return waiting;
    }

    private void Show(CellOutput output)
    {
        if (!Volatile.Read(ref _isSilent))
        {
            if (output is ResultOutput result)
            {
                _lastResult = result.Data.Forms.GetValueOrDefault(MimeBundle.PlainText);
            }

            _sockets.Publish(output.MessageType, output.ToContent(_count), _cell);
        }
    }

    private JsonObject UserExpressions(JsonObject? expressions)
    {
        JsonObject values = [];
        foreach ((string name, JsonNode? expression) in expressions ?? [])
        {
            (MimeBundle? value, CellError? error) = _engine.Evaluate(expression!.GetValue<string>());
            values[name] = value is not null
                ? new JsonObject { ["status"] = "ok", ["data"] = value.ToJson(), ["metadata"] = new JsonObject() }
                : new JsonObject { ["status"] = "error", ["ename"] = error!.Name, ["evalue"] = error.Message, ["traceback"] = new JsonArray([.. error.Trace.Select(line => JsonValue.Create(line))]) };
        }

        return values;
    }

    private JsonObject Complete(JsonObject content)
    {
        string code = Text(content, "code");
        int cursor = CodePoints.ToUnits(code, content["cursor_pos"]!.GetValue<int>());
        (IReadOnlyList<ScriptLanguage.Suggestion> suggestions, TextSpan replaced) = _engine.Language.CompleteAsync(code, cursor, CancellationToken.None).GetAwaiter().GetResult();
        (int start, int end) = (CodePoints.FromUnits(code, replaced.Start), CodePoints.FromUnits(code, Math.Max(cursor, replaced.Start)));
        return new JsonObject
        {
            ["matches"] = new JsonArray([.. suggestions.Select(suggestion => JsonValue.Create(suggestion.Text))]),
            ["cursor_start"] = start,
            ["cursor_end"] = end,
            ["metadata"] = new JsonObject
            {
                ["_jupyter_types_experimental"] = new JsonArray([.. suggestions.Select(suggestion => (JsonNode)new JsonObject { ["text"] = suggestion.Text, ["type"] = suggestion.Kind, ["start"] = start, ["end"] = end })]),
            },
        };
    }

    private JsonObject Inspect(JsonObject content)
    {
        string code = Text(content, "code");
        int cursor = CodePoints.ToUnits(code, content["cursor_pos"]!.GetValue<int>());
        string? description = _engine.Language.DescribeAsync(code, cursor, CancellationToken.None).GetAwaiter().GetResult();
        return new JsonObject
        {
            ["found"] = description is not null,
            ["data"] = description is null ? [] : new JsonObject { [MimeBundle.PlainText] = description },
            ["metadata"] = new JsonObject(),
        };
    }

    /// <summary>A cell in native code holds the shell's thread; the process ends all the same.</summary>
    private static void EndAtLast() => new Thread(() =>
    {
        Thread.Sleep(TimeSpan.FromSeconds(3));
        Environment.Exit(0);
    })
    { IsBackground = true, Name = "end" }.Start();

    private static JsonObject Information()
    {
        string version = Assembly.GetExecutingAssembly().GetName().Version!.ToString(3);
        return new JsonObject
        {
            ["protocol_version"] = ProtocolVersion,
            ["implementation"] = "halolab",
            ["implementation_version"] = version,
            ["language_info"] = new JsonObject
            {
                ["name"] = "C#",
                ["version"] = "14.0",
                ["mimetype"] = "text/x-csharp",
                ["file_extension"] = ".cs",
                ["pygments_lexer"] = "csharp",
                ["codemirror_mode"] = "text/x-csharp",
            },
            ["banner"] = $"HaloLab {version}, C# on {RuntimeInformation.FrameworkDescription}",
            ["debugger"] = false,
            ["help_links"] = new JsonArray(),
        };
    }

    /// <summary>The indentation of the line that comes next: that of the last, four more after an opening brace.</summary>
    private static string Indent(string code)
    {
        string last = code.TrimEnd().Split('\n')[^1];
        return new string(' ', last.Length - last.TrimStart().Length + (last.EndsWith('{') ? 4 : 0));
    }

    private static string Text(JsonObject content, string name) => content[name]!.GetValue<string>();

    private static bool Flag(JsonObject content, string name, bool otherwise) => content[name] is JsonValue value && value.TryGetValue(out bool flag) ? flag : otherwise;

    /// <summary>Jupyter counts characters of Unicode, C# the 16-bit units of UTF-16.</summary>
    private static class CodePoints
    {
        public static int ToUnits(string text, int characters)
        {
            int units = 0;
            foreach (Rune rune in text.EnumerateRunes())
            {
                if (characters-- <= 0)
                {
                    break;
                }

                units += rune.Utf16SequenceLength;
            }

            return units;
        }

        public static int FromUnits(string text, int units) => text[..units].EnumerateRunes().Count();
    }
}
