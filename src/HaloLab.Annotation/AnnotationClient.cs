using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace HaloLab.Annotation;

/// <summary>
/// What the page is to a person, this is to a program: it asks the annotation server over HTTP, and sends an act again under the same name until the server
/// says that it is on its disk.
/// </summary>
public sealed class AnnotationClient : IDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private readonly HttpClient _http;
    private readonly TimeSpan _patience;

    /// <param name="server">For example <c>http://127.0.0.1:8137</c>.</param>
    /// <param name="annotator">Who answers.</param>
    /// <param name="token">The annotator's own token.</param>
    /// <param name="patience">How long a server may be away.</param>
    public AnnotationClient(Uri server, string annotator, string token, TimeSpan patience)
    {
        _http = new HttpClient { BaseAddress = new Uri(server, $"/{annotator}/"), Timeout = TimeSpan.FromSeconds(100) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        Annotator = annotator;
        _patience = patience;
    }

    public string Annotator { get; }

    /// <summary>How often an act was sent again.</summary>
    public int Resent { get; private set; }

    /// <summary>What is asked: the object that the page gets.</summary>
    public Task<JsonObject> StudyAsync(CancellationToken cancellation) => ReadAsync<JsonObject>("study", cancellation);

    /// <summary>The items in this annotator's order, with <c>id</c> and <c>isDone</c>.</summary>
    public Task<JsonArray> ItemsAsync(CancellationToken cancellation) => ReadAsync<JsonArray>("items", cancellation);

    /// <summary>One item with its answers.</summary>
    public Task<JsonObject> ItemAsync(string item, CancellationToken cancellation) => ReadAsync<JsonObject>($"items/{item}", cancellation);

    /// <summary>One frame of an item as a PNG.</summary>
    /// <param name="item">The item.</param>
    /// <param name="side">0, or 1 for the right one of two.</param>
    /// <param name="frame">From 0.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public Task<byte[]> FrameAsync(string item, int side, int frame, CancellationToken cancellation) =>
        RepeatAsync(() => new HttpRequestMessage(HttpMethod.Get, FormattableString.Invariant($"items/{item}/clips/{side}/frames/{frame}")), response => response.Content.ReadAsByteArrayAsync(cancellation), cancellation);

    /// <summary>Sends an act until it is written.</summary>
    /// <exception cref="InputException">The server does not take it, or is away for too long.</exception>
    public async Task SendAsync(AnnotationAct act, CancellationToken cancellation)
    {
        int sent = 0;
        await RepeatAsync(
            () =>
            {
                Resent += sent++ > 0 ? 1 : 0;
                return new HttpRequestMessage(HttpMethod.Post, "acts") { Content = JsonContent.Create(act, options: Format) };
            },
            response => response.Content.ReadAsByteArrayAsync(cancellation),
            cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private Task<T> ReadAsync<T>(string path, CancellationToken cancellation) =>
        RepeatAsync(() => new HttpRequestMessage(HttpMethod.Get, path), async response => (await response.Content.ReadFromJsonAsync<T>(cancellation).ConfigureAwait(false))!, cancellation);

    private async Task<T> RepeatAsync<T>(Func<HttpRequestMessage> request, Func<HttpResponseMessage, Task<T>> read, CancellationToken cancellation)
    {
        DateTime end = DateTime.UtcNow + _patience;
        for (TimeSpan pause = TimeSpan.FromMilliseconds(50); ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            string problem;
            try
            {
                using HttpRequestMessage message = request();
                using HttpResponseMessage response = await _http.SendAsync(message, cancellation).ConfigureAwait(false);
                if (response.IsSuccessStatusCode)
                {
                    return await read(response).ConfigureAwait(false);
                }

                problem = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false)}";
                if (response.StatusCode < HttpStatusCode.InternalServerError)
                {
                    throw new InputException($"{Annotator}: the annotation server refuses: {problem}");
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or TaskCanceledException && !cancellation.IsCancellationRequested)
            {
                problem = exception.Message;
            }

            if (DateTime.UtcNow > end)
            {
                throw new InputException($"{Annotator}: the annotation server is away for too long ({problem}).");
            }

            await Task.Delay(pause, cancellation).ConfigureAwait(false);
        }
    }
}
