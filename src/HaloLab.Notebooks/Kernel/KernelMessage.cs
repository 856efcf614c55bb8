using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NetMQ;

namespace HaloLab.Notebooks.Kernel;

/// <summary>A message of Jupyter's protocol 5.3 as it came in, its signature checked.</summary>
/// <param name="Identities">ZeroMQ's frames before the delimiter: whom to answer.</param>
/// <param name="Header">The header, which answers carry as their parent's.</param>
/// <param name="Type">For example <c>execute_request</c>.</param>
/// <param name="Content">What is asked.</param>
internal sealed record KernelMessage(IReadOnlyList<byte[]> Identities, JsonObject Header, string Type, JsonObject Content)
{
    private const string Delimiter = "<IDS|MSG>";
    private const int Parts = 4;
    private static readonly byte[] DelimiterBytes = Encoding.ASCII.GetBytes(Delimiter);
    private static readonly JsonSerializerOptions Format = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Takes the frames apart.</summary>
    /// <returns>The message, or null and the reason why it is dropped.</returns>
    public static KernelMessage? Read(NetMQMessage frames, MessageSigner signer, out string problem)
    {
        int delimiter = 0;
        while (delimiter < frames.FrameCount && !frames[delimiter].ToByteArray().AsSpan().SequenceEqual(DelimiterBytes))
        {
            delimiter++;
        }

        if (frames.FrameCount < delimiter + 2 + Parts)
        {
            problem = "it is not a message of Jupyter's";
            return null;
        }

        byte[][] parts = [.. Enumerable.Range(delimiter + 2, Parts).Select(i => frames[i].ToByteArray())];
        if (!signer.IsRight(parts, frames[delimiter + 1].ConvertToString()))
        {
            problem = "its signature is wrong";
            return null;
        }

        try
        {
            JsonObject header = JsonNode.Parse(parts[0])!.AsObject();
            string type = header["msg_type"]!.GetValue<string>();
            problem = "";
            return new KernelMessage([.. Enumerable.Range(0, delimiter).Select(i => frames[i].ToByteArray())], header, type, JsonNode.Parse(parts[3])!.AsObject());
        }
        catch (Exception exception) when (exception is JsonException or NullReferenceException or InvalidOperationException or FormatException)
        {
            problem = "its header or content cannot be read";
            return null;
        }
    }

    /// <summary>Puts a message together and signs it.</summary>
    public static NetMQMessage Write(IEnumerable<byte[]> identities, string type, JsonObject content, JsonObject? parent, string session, MessageSigner signer)
    {
        JsonObject header = new()
        {
            ["msg_id"] = Guid.NewGuid().ToString("N"),
            ["session"] = session,
            ["username"] = "kernel",
            ["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
            ["msg_type"] = type,
            ["version"] = JupyterKernel.ProtocolVersion,
        };
        byte[][] parts = [Bytes(header), parent is null ? "{}"u8.ToArray() : Bytes(parent), "{}"u8.ToArray(), Bytes(content)];
        NetMQMessage message = new();
        foreach (byte[] identity in identities)
        {
            message.Append(identity);
        }

        message.Append(DelimiterBytes);
        message.Append(signer.Sign(parts));
        foreach (byte[] part in parts)
        {
            message.Append(part);
        }

        return message;
    }

    private static byte[] Bytes(JsonObject json) => JsonSerializer.SerializeToUtf8Bytes(json, Format);
}
