using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using HaloLab.Distillation;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.Videos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace HaloLab.TeacherEndpoint;

/// <summary>
/// A fake of the chat completions service on this machine, in Azure's address form and in OpenAI's own. It decodes the pictures it is sent, asks the toy
/// world's oracle about them and answers with the simulated teacher's grades, with faults on purpose. Everything it says is labelled simulated.
/// </summary>
public sealed class SimulatedEndpoint : IAsyncDisposable
{
    private const int LargestBody = 64 << 20;
    private const int MostRemembered = 4096;

    // Shown two videos, it takes the first for the better one that often without looking.
    private const double FavourOfFirst = 0.1;
    private static readonly string[] Dimensions = [.. Enum.GetValues<GradeDimension>().Select(dimension => JsonNamingPolicy.SnakeCaseLower.ConvertName(dimension.ToString()))];
    private static readonly JsonSerializerOptions LogFormat = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    private readonly SimulatedEndpointOptions _options;
    private readonly WebApplication _application;
    private readonly SimulatedTeacher _teacher;
    private readonly ModelPrice _price = PriceTable.Shipped().Of("simulated");
    private readonly ConcurrentDictionary<string, byte[]> _pictures = new();
    private readonly ConcurrentDictionary<string, Lazy<OracleVerdict>> _verdicts = new();
    private readonly StreamWriter? _log;
    private readonly Lock _logLock = new();
    private int _arrived;
    private int _answered;

    private SimulatedEndpoint(SimulatedEndpointOptions options, WebApplication application)
    {
        _options = options;
        _application = application;
        _teacher = new SimulatedTeacher(options.Seed);
        _log = options.Log is null ? null : new StreamWriter(options.Log, append: true) { AutoFlush = true };
    }

    /// <summary>Where it listens, for example <c>http://127.0.0.1:40123</c>; OpenAI's form below <c>/v1</c>.</summary>
    public Uri Address => new(_application.Urls.First());

    /// <summary>Starts listening.</summary>
    /// <exception cref="InputException">The port is taken, or a file cannot be written.</exception>
    public static async Task<SimulatedEndpoint> StartAsync(SimulatedEndpointOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.Key);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.Port);
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            kestrel.AddServerHeader = false;
        });
        WebApplication application = builder.Build();
        try
        {
            if (options.Record is not null)
            {
                Directory.CreateDirectory(options.Record);
            }

            SimulatedEndpoint endpoint = new(options, application);
            application.MapPost("/openai/deployments/{deployment}/chat/completions", endpoint.AzureAsync);
            application.MapPost("/v1/chat/completions", endpoint.OpenAiAsync);
            await application.StartAsync(cancellation).ConfigureAwait(false);
            return endpoint;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new InputException($"The simulated endpoint cannot start: {exception.Message} Give another --port, --log or --record.", exception);
        }
    }

    /// <summary>Waits until it is told to stop.</summary>
    public Task WaitAsync(CancellationToken cancellation) => _application.WaitForShutdownAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync().ConfigureAwait(false);
        if (_log is not null)
        {
            await _log.DisposeAsync().ConfigureAwait(false);
        }
    }

    private Task AzureAsync(HttpContext context)
    {
        bool hasVersion = context.Request.Query.ContainsKey("api-version");
        return AnswerAsync(context, context.Request.Headers.TryGetValue("api-key", out StringValues key) ? key.ToString() : BearerToken(context), isAzure: true, hasVersion ? null : new ApiError(404, "404", "Resource not found: the query lacks api-version."));
    }

    private Task OpenAiAsync(HttpContext context) => AnswerAsync(context, BearerToken(context), isAzure: false, null);

    private static string BearerToken(HttpContext context)
    {
        const string Scheme = "Bearer ";
        string header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.Ordinal) ? header[Scheme.Length..] : "";
    }

    private async Task AnswerAsync(HttpContext context, string key, bool isAzure, ApiError? wrongAddress)
    {
        context.Response.Headers["x-simulated"] = "true";
        try
        {
            if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(key)), SHA256.HashData(Encoding.UTF8.GetBytes(_options.Key))))
            {
                throw new ApiError(401, "invalid_api_key", "Incorrect API key provided. This simulated endpoint takes the key it was started with.");
            }

            if (wrongAddress is not null)
            {
                throw wrongAddress;
            }

            if (!context.Request.HasJsonContentType())
            {
                throw new ApiError(415, "unsupported_media_type", "The body must be application/json.");
            }

            using MemoryStream body = new();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted).ConfigureAwait(false);
            await AnswerAsync(context, body.ToArray(), isAzure).ConfigureAwait(false);
        }
        catch (ApiError error)
        {
            await WriteAsync(context, error.Status, ErrorBody(error.Code, error.Message)).ConfigureAwait(false);
        }
    }

    private async Task AnswerAsync(HttpContext context, byte[] body, bool isAzure)
    {
        int number = Interlocked.Increment(ref _arrived);
        string hash = Convert.ToHexStringLower(SHA256.HashData(body));
        RandomStream chance = new(_options.Seed, "simulated endpoint faults", number);
        Fault fault = _options.Faults.At(chance.NextDouble());
        bool isOtherWay = chance.NextDouble() < 0.5;
        Record(number, "request", body);
        if (fault is Fault.RateLimit or Fault.ServerError)
        {
            await Task.Delay(_options.Latency, context.RequestAborted).ConfigureAwait(false);
            Log(new ChargedRequest(number, context.Request.Path, hash, fault, 0, 0, 0));
            if (fault == Fault.RateLimit)
            {
                context.Response.Headers["retry-after-ms"] = _options.RetryAfter.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
                context.Response.Headers.RetryAfter = Math.Ceiling(_options.RetryAfter.TotalSeconds).ToString("0", CultureInfo.InvariantCulture);
                throw new ApiError(429, "rate_limit_exceeded", "Rate limit reached (simulated). Try again later.");
            }

            throw new ApiError(500, "server_error", "The server had an error (simulated).");
        }

        GradingRequest request = Understand(body);
        string content = fault == Fault.Garbage ? "The patches look fine to me." : (request.IsPair ? Compare(request) : Grade(request)).ToJsonString();
        long outputTokens = Encoding.UTF8.GetByteCount(content) / 4;
        byte[] answer = Encoding.UTF8.GetBytes(Completion(number, content, fault == Fault.Refusal, request.Tokens, outputTokens, isAzure).ToJsonString());
        await Task.Delay(_options.Latency, context.RequestAborted).ConfigureAwait(false);
        Log(new ChargedRequest(number, context.Request.Path, hash, fault, _price.Cost(request.Tokens, 0, outputTokens), request.Tokens, outputTokens));
        switch (fault)
        {
            case Fault.Timeout:
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
            case Fault.Dropped:
                context.Abort();
                break;
            case Fault.Garbage when isOtherWay:
                await WriteAsync(context, 200, "<html><body>This is not the page you are looking for.</body></html>"u8.ToArray()).ConfigureAwait(false);
                break;
            case Fault.Truncated when isOtherWay:
                await WriteAsync(context, 200, answer[..(answer.Length / 2)]).ConfigureAwait(false);
                break;
            case Fault.Truncated:
                context.Response.ContentLength = answer.Length;
                context.Response.ContentType = "application/json";
                await context.Response.Body.WriteAsync(answer.AsMemory(0, answer.Length / 2)).ConfigureAwait(false);
                await context.Response.Body.FlushAsync().ConfigureAwait(false);
                context.Abort();
                break;
            default:
                Record(number, "response", answer);
                await WriteAsync(context, 200, answer).ConfigureAwait(false);
                break;
        }
    }

    private GradingRequest Understand(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return GradingRequest.Read(document.RootElement, _price.PictureTokens);
        }
        catch (JsonException exception)
        {
            throw new ApiError(400, "invalid_request_error", $"The body is no JSON: {exception.Message}");
        }
    }

    /// <summary>The answer in the form of the schema.</summary>
    private JsonObject Grade(GradingRequest request)
    {
        OracleVerdict verdict = Verdict(request, 0);
        IReadOnlyList<SimulatedPatchGrades> first = _teacher.GradeDimensions(verdict, request.Occasion);
        HashSet<int> shown = [];
        JsonArray patches = [];
        foreach ((int number, int cell) in request.Patches)
        {
            // Shown again, a patch gets the noise of another look.
            IReadOnlyList<SimulatedPatchGrades> grades = shown.Add(cell) ? first : _teacher.GradeDimensions(verdict, request.Occasion + " again");
            JsonObject patch = new() { ["patch"] = number };
            for (int i = 0; i < Dimensions.Length; i++)
            {
                patch[Dimensions[i]] = new JsonObject
                {
                    ["reason"] = string.Create(CultureInfo.InvariantCulture, $"simulated: residual severity {verdict.Patches.Severities[cell]:0.00} here"),
                    ["grade"] = grades[cell].Grades[i],
                    ["confidence"] = grades[cell].Confidence,
                };
            }

            patch["defect_type"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(grades[cell].Defect.ToString());
            patches.Add(patch);
        }

        return new JsonObject { ["patches"] = patches };
    }

    /// <summary>In which of two videos each patch got the better grade, with a favour for the first.</summary>
    private JsonObject Compare(GradingRequest request)
    {
        IReadOnlyList<SimulatedPatchGrades>[] grades = [.. new[] { 0, 1 }.Select(video => _teacher.GradeDimensions(Verdict(request, video), request.Occasion))];
        RandomStream chance = new(_options.Seed, "simulated endpoint comparisons " + request.Occasion);
        JsonArray patches = [];
        foreach ((int number, int cell) in request.Patches)
        {
            JsonObject patch = new() { ["patch"] = number };
            for (int i = 0; i < Dimensions.Length; i++)
            {
                int difference = grades[0][cell].Grades[i] - grades[1][cell].Grades[i];
                bool isFavoured = chance.NextDouble() < FavourOfFirst;
                patch[Dimensions[i]] = new JsonObject
                {
                    ["reason"] = string.Create(CultureInfo.InvariantCulture, $"simulated: grades {grades[0][cell].Grades[i]} and {grades[1][cell].Grades[i]}"),
                    ["better"] = isFavoured || difference > 0 ? "video 1" : difference < 0 ? "video 2" : "same",
                    ["confidence"] = Math.Min(grades[0][cell].Confidence, grades[1][cell].Confidence),
                };
            }

            patches.Add(patch);
        }

        return new JsonObject { ["patches"] = patches };
    }

    /// <summary>What the oracle says of a clip. Clips and frames are remembered: many requests show the same ones.</summary>
    private OracleVerdict Verdict(GradingRequest request, int video)
    {
        VideoClip clip = request.Clip(video, (address, isOverlay) => Remembered(_pictures, address, () => GradingRequest.Decode(address, isOverlay)));
        string name = $"{clip.ContentHash}/{request.Caption}/{request.Grid}";
        try
        {
            return Remembered(_verdicts, name, () => new Lazy<OracleVerdict>(() => OracleVerdict.Of(clip, request.Caption, request.Grid))).Value;
        }
        catch (InputException exception)
        {
            throw new ApiError(400, "invalid_request_error", exception.Message);
        }
    }

    private JsonObject Completion(int number, string content, bool isRefusal, long inputTokens, long outputTokens, bool isAzure)
    {
        bool isNew = _options.NewSnapshotAfter is { } last && Interlocked.Increment(ref _answered) > last;
        JsonObject choice = new()
        {
            ["index"] = 0,
            ["message"] = new JsonObject
            {
                ["role"] = "assistant",
                ["content"] = isRefusal ? null : content,
                ["refusal"] = isRefusal ? "I'm sorry, I can't help with that (simulated)." : null,
            },
            ["logprobs"] = null,
            ["finish_reason"] = "stop",
        };
        JsonObject completion = new()
        {
            ["id"] = string.Create(CultureInfo.InvariantCulture, $"chatcmpl-simulated-{number}"),
            ["object"] = "chat.completion",
            ["created"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
            ["model"] = isNew ? _options.Snapshot + "-new" : _options.Snapshot,
            ["system_fingerprint"] = "fp_simulated",
            ["choices"] = new JsonArray(choice),
            ["usage"] = new JsonObject
            {
                ["prompt_tokens"] = inputTokens,
                ["completion_tokens"] = outputTokens,
                ["total_tokens"] = inputTokens + outputTokens,
                ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = 0, ["audio_tokens"] = 0 },
                ["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0, ["audio_tokens"] = 0, ["accepted_prediction_tokens"] = 0, ["rejected_prediction_tokens"] = 0 },
            },
        };
        if (isAzure)
        {
            choice["content_filter_results"] = new JsonObject();
            completion["prompt_filter_results"] = new JsonArray(new JsonObject { ["prompt_index"] = 0, ["content_filter_results"] = new JsonObject() });
        }

        return completion;
    }

    private static T Remembered<T>(ConcurrentDictionary<string, T> known, string name, Func<T> make)
    {
        if (known.TryGetValue(name, out T? value))
        {
            return value;
        }

        if (known.Count >= MostRemembered)
        {
            known.Clear();
        }

        return known.GetOrAdd(name, _ => make());
    }

    private void Log(ChargedRequest request)
    {
        if (_log is not null)
        {
            lock (_logLock)
            {
                _log.WriteLine(JsonSerializer.Serialize(request, LogFormat));
            }
        }
    }

    private void Record(int number, string what, byte[] body)
    {
        if (_options.Record is not null)
        {
            File.WriteAllBytes(Path.Combine(_options.Record, string.Create(CultureInfo.InvariantCulture, $"{number:000000}-{what}.json")), body);
        }
    }

    private static byte[] ErrorBody(string code, string message) => JsonSerializer.SerializeToUtf8Bytes(new JsonObject
    {
        ["error"] = new JsonObject { ["message"] = message, ["type"] = "simulated", ["param"] = null, ["code"] = code },
    });

    private static async Task WriteAsync(HttpContext context, int status, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body).ConfigureAwait(false);
    }
}
