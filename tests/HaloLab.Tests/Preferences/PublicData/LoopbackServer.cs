using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace HaloLab.Tests.Preferences.PublicData;

/// <summary>
/// A small HTTP server on the loopback that serves one content and misbehaves as told: what real servers do to downloads, byte by byte.
/// </summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    public LoopbackServer(byte[] content)
    {
        Content = content;
        _listener.Start();
        _work = Task.Run(ServeAsync);
    }

    public byte[] Content { get; set; }

    public string? EntityTag { get; set; } = "\"v1\"";

    /// <summary>Whether it honours Range.</summary>
    public bool HasRanges { get; set; } = true;

    /// <summary>For the n-th request (from 0): null to serve it, else what happens instead.</summary>
    public Func<int, Fault?> FaultOf { get; set; } = _ => null;

    /// <summary>The requests so far: path, and the range that was asked for.</summary>
    public List<(string Path, string? Range, string? IfRange)> Requests { get; } = [];

    public Uri Address(string path = "/file.bin") => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}{path}"));

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        try
        {
            _work.Wait(TimeSpan.FromSeconds(10));
        }
        catch (AggregateException)
        {
            // The listener was stopped while it waited.
        }

        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            _ = AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await AnswerAsync(client.GetStream());
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // The client went away, as an interrupted one does, or the test ended.
            }
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
        string path = (await reader.ReadLineAsync(_stop.Token))?.Split(' ')[1] ?? "";
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } line)
        {
            headers[line.Split(':', 2)[0]] = line.Split(':', 2)[1].Trim();
        }

        string? range = headers.GetValueOrDefault("Range");
        string? ifRange = headers.GetValueOrDefault("If-Range");
        Fault? fault = FaultOf(Requests.Count);
        Requests.Add((path, range, ifRange));
        if (fault?.Head is { } head)
        {
            await Send(stream, head + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", []);
            return;
        }

        int start = HasRanges && range is not null && (ifRange is null || ifRange == EntityTag) ? int.Parse(range["bytes=".Length..].TrimEnd('-'), CultureInfo.InvariantCulture) : 0;
        if (start >= Content.Length && start > 0)
        {
            await Send(stream, string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{Content.Length}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), []);
            return;
        }

        string status = start > 0 ? string.Create(CultureInfo.InvariantCulture, $"206 Partial Content\r\nContent-Range: bytes {start}-{Content.Length - 1}/{Content.Length}") : "200 OK";
        string entity = EntityTag is null ? "" : $"\r\nETag: {EntityTag}";
        string length = fault?.HidesLength == true ? "" : string.Create(CultureInfo.InvariantCulture, $"\r\nContent-Length: {Content.Length - start}");
        byte[] body = Content[start..];
        await Send(stream, $"HTTP/1.1 {status}{entity}{length}\r\nConnection: close\r\n\r\n", fault?.BodyBytes is { } bytes ? body[..Math.Min(bytes, body.Length)] : body);
        if (fault?.Hangs == true)
        {
            await Task.Delay(Timeout.Infinite, _stop.Token);
        }
    }

    private static async Task Send(NetworkStream stream, string head, byte[] body)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(body);
        await stream.FlushAsync();
    }

    /// <summary>What happens to a request.</summary>
    /// <param name="Head">Answer only this status line and these headers.</param>
    /// <param name="BodyBytes">Close the connection after so many bytes.</param>
    /// <param name="HidesLength">Do not say how long the body is.</param>
    /// <param name="Hangs">Say nothing more, and keep the connection open.</param>
    internal sealed record Fault(string? Head = null, int? BodyBytes = null, bool HidesLength = false, bool Hangs = false);
}
