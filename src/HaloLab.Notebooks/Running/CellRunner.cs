using System.Globalization;
using System.IO.Pipes;
using System.Text;
using System.Text.Json.Nodes;
using HaloLab.Notebooks.Scripting;

namespace HaloLab.Notebooks.Running;

/// <summary>
/// The child process that runs the cells of one notebook for <see cref="NotebookRunner"/>. The request comes on stdin, what happens goes out as
/// lines of JSON on a pipe of its own: whatever native code prints or destroys, the parent has everything up to then.
/// </summary>
public static class CellRunner
{
    /// <summary>Serves one request and ends.</summary>
    /// <param name="pipe">Handle of the pipe that the parent made.</param>
    public static void Run(string pipe)
    {
        ParentWatch.Start();
        if (ProgramCopy.IsCopy)
        {
            ProgramCopy.Hold();
        }

        JsonNode request = JsonNode.Parse(Console.In.ReadToEnd())!;
        using AnonymousPipeClientStream stream = new(PipeDirection.Out, pipe);
        using StreamWriter writer = new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
        Lock writing = new();
        int cell = 0;
        using ScriptEngine engine = new(Environment.CurrentDirectory, output => Send(output.MessageType, output.ToContent(cell)), isLive: false);
        foreach (JsonNode? code in request["cells"]!.AsArray())
        {
            cell++;
            Send("begin", []);
            CellError? error = engine.Run(code!["code"]!.GetValue<string>(), string.Create(CultureInfo.InvariantCulture, $"cell {code["number"]!.GetValue<int>()}"));
            if (error is not null)
            {
                ErrorOutput output = new(error);
                Send(output.MessageType, output.ToContent(cell));
                break;
            }

            Send("end", []);
        }

        void Send(string type, JsonObject content)
        {
            string line = new JsonObject { ["type"] = type, ["content"] = content }.ToJsonString();
            lock (writing)
            {
                writer.WriteLine(line);
            }
        }
    }
}
