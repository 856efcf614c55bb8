using System.Net;
using System.Text;

namespace HaloLab.Distillation;

/// <summary>
/// The bytes of one request and its response, taken down on their way between the client library and the network, or played back instead of it. Below the
/// library, so that what it cannot understand is kept too, and so that no secret that a service repeats comes any further.
/// </summary>
internal sealed class Exchange : HttpMessageHandler
{
    private readonly HttpMessageInvoker? _network;
    private readonly StoredResponse? _stored;

    /// <param name="network">Where requests go; not disposed.</param>
    /// <param name="secret">The key or token that is sent.</param>
    public Exchange(HttpMessageInvoker network, string secret) => (_network, Secret) = (network, secret);

    /// <param name="stored">Answers instead of the network.</param>
    public Exchange(StoredResponse stored) => _stored = stored;

    /// <summary>The key or token that is sent; null where a stored response is played back.</summary>
    public string? Secret { get; }

    /// <summary>HTTP status, null before a response began.</summary>
    public int? Status { get; private set; }

    /// <summary>The body, the secret cut out of it; null before it was whole.</summary>
    public byte[]? Body { get; private set; }

    /// <summary>How long the service asks to wait, null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_stored is { } stored)
        {
            (Status, Body) = (stored.Status, stored.Body);
            return Response((HttpStatusCode)stored.Status, stored.Body, request);
        }

        using HttpResponseMessage response = await _network!.SendAsync(request, cancellationToken).ConfigureAwait(false);
        Status = (int)response.StatusCode;
        RetryAfter = WaitAskedFor(response);
        Body = WithoutSecret(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        return Response(response.StatusCode, Body, request);
    }

    private byte[] WithoutSecret(byte[] body) => body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Secret!)) < 0
        ? body
        : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body).Replace(Secret!, "[key]", StringComparison.Ordinal));

    private static HttpResponseMessage Response(HttpStatusCode status, byte[] body, HttpRequestMessage request)
    {
        ByteArrayContent content = new(body);
        content.Headers.ContentType = new("application/json");
        return new HttpResponseMessage(status) { Content = content, RequestMessage = request };
    }

    /// <summary>Milliseconds in <c>retry-after-ms</c>, else seconds or a date in <c>Retry-After</c>.</summary>
    private static TimeSpan? WaitAskedFor(HttpResponseMessage response)
    {
        if (response.Headers.TryGetValues("retry-after-ms", out IEnumerable<string>? values)
            && double.TryParse(values.First(), System.Globalization.CultureInfo.InvariantCulture, out double milliseconds) && milliseconds is >= 0 and < 86_400_000)
        {
            return TimeSpan.FromMilliseconds(milliseconds);
        }

        TimeSpan? wait = response.Headers.RetryAfter is { } header ? header.Delta ?? (header.Date - DateTimeOffset.UtcNow) : null;
        return wait is { } asked && asked < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
