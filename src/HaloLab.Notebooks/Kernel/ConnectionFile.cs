using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HaloLab.Notebooks.Kernel;

/// <summary>What Jupyter tells a kernel when it starts it: where to listen, and the key that signs messages.</summary>
/// <param name="Address">IP address, loopback unless Jupyter was told otherwise.</param>
/// <param name="Shell">Port of the requests.</param>
/// <param name="Control">Port of the requests that cannot wait: interrupt, shutdown.</param>
/// <param name="Input">Port on which a kernel would ask for typed input.</param>
/// <param name="Publish">Port of everything that cells show.</param>
/// <param name="Heartbeat">Port that echoes.</param>
/// <param name="Key">Key of the signatures; empty: messages are not signed.</param>
internal sealed record ConnectionFile(string Address, int Shell, int Control, int Input, int Publish, int Heartbeat, string Key)
{
    /// <exception cref="InputException">The file is missing or not a connection file that can be served.</exception>
    public static ConnectionFile Read(string path)
    {
        JsonObject file;
        try
        {
            file = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            throw new InputException($"{path}: cannot be read as a Jupyter connection file ({exception.Message}). Jupyter writes it when it starts a kernel.", exception);
        }

        if (Text("transport") != "tcp")
        {
            throw new InputException($"{path}: transport '{Text("transport")}', expected tcp.");
        }

        if (Text("signature_scheme") is not ("hmac-sha256" or ""))
        {
            throw new InputException($"{path}: signature_scheme '{Text("signature_scheme")}', expected hmac-sha256.");
        }

        return new ConnectionFile(Text("ip"), Port("shell_port"), Port("control_port"), Port("stdin_port"), Port("iopub_port"), Port("hb_port"), Text("key"));

        string Text(string name) => file[name] is JsonValue value && value.TryGetValue(out string? text) ? text
            : throw new InputException($"{path}: '{name}' is missing or not a text.");

        int Port(string name) => file[name] is JsonValue value && value.TryGetValue(out int port) && port is > 0 and < 65536 ? port
            : throw new InputException($"{path}: '{name}' is missing or not a port.");
    }

    /// <summary>The address of a port as ZeroMQ writes it.</summary>
    public string At(int port) => string.Create(CultureInfo.InvariantCulture, $"tcp://{Address}:{port}");
}
