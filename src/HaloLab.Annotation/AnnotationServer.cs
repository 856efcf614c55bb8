using System.Globalization;
using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace HaloLab.Annotation;

/// <summary>
/// The annotation page and what it asks for, on the loopback address. Every annotator has a path and a token of their own; nothing is given without it, to
/// another host name or to another site's page, and nothing is loaded from elsewhere. An act that was answered is on the disk.
/// </summary>
public sealed class AnnotationServer : IAsyncDisposable
{
    private const int LargestBody = 64 << 10;
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    private readonly AnnotationStudy _study;
    private readonly AnnotationServerOptions _options;
    private readonly WebApplication _application;
    private readonly Dictionary<string, AnnotatorSession> _sessions;
    private readonly ClipFrames _frames = new();
    private string[] _hosts = [];

    private AnnotationServer(AnnotationStudy study, AnnotationServerOptions options, WebApplication application, Dictionary<string, AnnotatorSession> sessions)
    {
        (_study, _options, _application, _sessions) = (study, options, application, sessions);
    }

    /// <summary>HaloLab's version with its commit: it stands in the source of every label.</summary>
    public static string Version { get; } = typeof(AnnotationServer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>For example <c>http://127.0.0.1:8137</c>.</summary>
    public Uri Address => new(_application.Urls.First());

    /// <summary>Starts serving.</summary>
    /// <param name="study">What is asked.</param>
    /// <param name="store">Where labels go; it must outlive the server.</param>
    /// <param name="options">Secret and port.</param>
    /// <param name="cancellation">Stops the start.</param>
    /// <exception cref="InputException">The port is taken, or the token too short.</exception>
    public static async Task<AnnotationServer> StartAsync(AnnotationStudy study, LabelStore store, AnnotationServerOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Token.Length < AnnotationServerOptions.ShortestToken)
        {
            throw new InputException($"{AnnotationServerOptions.TokenVariable} has {options.Token.Length} characters: expected at least {AnnotationServerOptions.ShortestToken}, or no such variable for a random one.");
        }

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
            store.AddClips(study.Clips.Select(clip => new ClipFile(clip.Hash, clip.Name, clip.FileHash, clip.Prompt)));
            string source = $"annotation {study.Key} by HaloLab {Version}";
            Dictionary<string, AnnotatorSession> sessions = study.Options.Annotators.ToDictionary(annotator => annotator, annotator => new AnnotatorSession(study, annotator, store, source));
            AnnotationServer server = new(study, options, application, sessions);
            server.Map();
            await application.StartAsync(cancellation).ConfigureAwait(false);
            int port = server.Address.Port;
            server._hosts = [.. new[] { "127.0.0.1", "localhost" }.Select(host => string.Create(CultureInfo.InvariantCulture, $"{host}:{port}"))];
            return server;
        }
        catch (IOException exception)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new InputException($"The annotation page cannot be served: {exception.Message} Give another --port.", exception);
        }
    }

    /// <summary>The link that an annotator opens: it holds the annotator's token.</summary>
    public Uri LinkOf(string annotator) => new(Address, $"/{annotator}/?token={TokenOf(annotator)}");

    /// <summary>An annotator's own token.</summary>
    public string TokenOf(string annotator) => TokenOf(_options.Token, annotator);

    /// <summary>The token that a secret gives an annotator: who has one link cannot answer in another's name.</summary>
    public static string TokenOf(string secret, string annotator) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"annotator {annotator}")))[..32];

    /// <summary>How much of everything is answered.</summary>
    /// <returns>For each annotator the items that are done, and all of them.</returns>
    public IReadOnlyList<(string Annotator, int Done, int Items)> Progress() => [.. _sessions.Values.Select(session => (session.Annotator, session.Items.Count(session.IsDone), session.Items.Count))];

    /// <summary>Waits until it is told to stop.</summary>
    public Task WaitAsync(CancellationToken cancellation) => _application.WaitForShutdownAsync(cancellation);

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private void Map()
    {
        _application.Use(GuardAsync);
        Get("/{annotator}/", (context, _) => PageAsync(context));
        Get("/{annotator}/annotate.css", (context, _) => AssetAsync(context, "annotate.css", "text/css; charset=utf-8"));
        Get("/{annotator}/annotate.js", (context, _) => AssetAsync(context, "annotate.js", "text/javascript; charset=utf-8"));
        Get("/{annotator}/study", (context, session) => WriteAsync(context, StudyOf(session)));
        Get("/{annotator}/items", (context, session) => WriteAsync(context, session.Items.Select(item => new { item.Id, item.IsTraining, IsDone = session.IsDone(item) })));
        Get("/{annotator}/items/{item}", (context, session) => WriteAsync(context, ItemOf(session, Item(context, session))));
        Get("/{annotator}/items/{item}/clips/{side}/frames/{frame}", FrameAsync);
        Get("/{annotator}/examples/{example}/frames/{frame}", (context, _) => ExampleAsync(context));
        _application.MapPost("/{annotator}/acts", context => HandleAsync(context, ActAsync));
    }

    private void Get(string pattern, Func<HttpContext, AnnotatorSession, Task> answer) => _application.MapGet(pattern, context => HandleAsync(context, answer));

    /// <summary>Everything that holds for every request: host name, headers, token, and who may post.</summary>
    private async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        HttpRequest request = context.Request;
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-store";

        // A page of another site whose name was pointed at this machine still sends that name.
        if (!_hosts.Contains(request.Host.Value ?? "", StringComparer.OrdinalIgnoreCase))
        {
            await RefuseAsync(context, 403, "This is the annotation page of another address.").ConfigureAwait(false);
            return;
        }

        string annotator = request.Path.Value!.Split('/', 3) is [_, { Length: > 0 } first, _] ? first : "";
        (string token, bool isCookie) = TokenIn(request);
        if (!_sessions.ContainsKey(annotator) || !IsEqual(token, TokenOf(annotator)))
        {
            await RefuseAsync(context, 401, "This needs the link that `halolab annotate` printed for you. If it was started again, ask for the new link: answers that wait in this browser are sent when you open it.").ConfigureAwait(false);
            return;
        }

        if (HttpMethods.IsPost(request.Method))
        {
            // A browser says where a post comes from; only programs, which have no cookies, may leave it out.
            string origin = request.Headers.Origin.ToString();
            string site = request.Headers["Sec-Fetch-Site"].ToString();
            if ((origin.Length == 0 ? isCookie : origin != $"http://{request.Host.Value}") || site is not ("" or "same-origin"))
            {
                await RefuseAsync(context, 403, "This page takes answers from itself only.").ConfigureAwait(false);
                return;
            }
        }

        await next(context).ConfigureAwait(false);
    }

    private static (string Token, bool IsCookie) TokenIn(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        string header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.Ordinal) ? (header[Scheme.Length..], false)
            : HttpMethods.IsGet(request.Method) && request.Query.TryGetValue("token", out StringValues given) ? (given.ToString(), false)
            : (request.Cookies[CookieOf(request)] ?? "", true);
    }

    /// <summary>Browsers do not tell the ports of a host apart: the name does.</summary>
    private static string CookieOf(HttpRequest request) => string.Create(CultureInfo.InvariantCulture, $"halolab-annotation-{request.Host.Port}");

    private static bool IsEqual(string first, string second) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(first)), SHA256.HashData(Encoding.UTF8.GetBytes(second)));

    private async Task HandleAsync(HttpContext context, Func<HttpContext, AnnotatorSession, Task> answer)
    {
        try
        {
            await answer(context, _sessions[(string)context.Request.RouteValues["annotator"]!]).ConfigureAwait(false);
        }
        catch (BadHttpRequestException exception)
        {
            await RefuseAsync(context, exception.StatusCode, exception.Message).ConfigureAwait(false);
        }
        catch (JsonException exception)
        {
            await RefuseAsync(context, 400, $"The body is no act: {exception.Message}").ConfigureAwait(false);
        }
        catch (KeyNotFoundException)
        {
            await RefuseAsync(context, 404, "There is no such thing here. If `halolab annotate` was started with other clips or questions, this item is gone.").ConfigureAwait(false);
        }
        catch (InputException exception)
        {
            await RefuseAsync(context, exception.InnerException is null ? 400 : 503, exception.Message).ConfigureAwait(false);
        }
    }

    private Task PageAsync(HttpContext context)
    {
        // From here on the cookie says who it is, and the page takes the token out of the address.
        string annotator = (string)context.Request.RouteValues["annotator"]!;
        context.Response.Cookies.Append(CookieOf(context.Request), TokenOf(annotator), new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = $"/{annotator}/" });
        return AssetAsync(context, "annotate.html", "text/html; charset=utf-8");
    }

    private static async Task AssetAsync(HttpContext context, string name, string type)
    {
        await using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("page/" + name)
            ?? throw new InvalidOperationException($"The resource {name} is not in the assembly.");
        context.Response.ContentType = type;
        await stream.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
    }

    private object StudyOf(AnnotatorSession session) => new
    {
        _study.Key,
        Version,
        session.Annotator,
        IsSimulated = session.Kind == AnnotatorKind.Simulated,
        _study.Options.Compares,
        Grid = new[] { _study.Options.Grid.Time, _study.Options.Grid.Height, _study.Options.Grid.Width },
        _study.PatchQuestions,
        _study.VideoQuestions,
        _study.Questionnaire.Introduction,
        _study.Questionnaire.Grades,
        _study.Questionnaire.Defects,
        Examples = WorkedExample.All.Select(example => new
        {
            example.Prompt,
            example.Caption,
            example.Cells,
            Grid = new[] { DamageProcess.Time, DamageProcess.Height, DamageProcess.Width },
            example.Clip.Frames,
            example.Clip.Height,
            example.Clip.Width,
            Rate = example.Clip.FramesPerSecond,
        }),
    };

    private static PatchGrid DamageProcess => ToyWorld.DamageProcess.Grid;

    private object ItemOf(AnnotatorSession session, StudyItem item)
    {
        bool isDone = session.IsDone(item);
        return new
        {
            item.Id,
            item.IsTraining,
            IsDone = isDone,
            item.Clips[0].Prompt,
            Clips = item.Clips.Select(clip => new { clip.Frames, clip.Height, clip.Width, Rate = clip.FramesPerSecond, clip.FrameEdges, clip.RowEdges, clip.ColumnEdges }),
            Answers = session.Answers(item).Select(said => Said(said.Dimension, said.Cell, said.Answer)),
            Known = item.IsTraining && isDone ? KnownOf(item.Clips[0]) : null,
        };
    }

    private IEnumerable<object> KnownOf(StudyClip clip) =>
        _study.PatchQuestions.SelectMany(question => Enumerable.Range(0, _study.Options.Grid.Count).Select(cell => (question.Dimension, Cell: (int?)cell)))
            .Concat(_study.VideoQuestions.Select(question => (question.Dimension, Cell: (int?)null)))
            .Select(asked => (asked.Dimension, asked.Cell, Answer: _study.Known.Of(clip.Hash, asked.Dimension, asked.Cell)))
            .Where(asked => asked.Answer is not null)
            .Select(asked => Said(asked.Dimension, asked.Cell, asked.Answer!));

    private static object Said(string dimension, int? cell, Answer answer) => new { dimension, cell, answer.Grade, answer.Defect, answer.Choice, CannotTell = answer.CannotTell ? true : (bool?)null };

    private async Task FrameAsync(HttpContext context, AnnotatorSession session)
    {
        StudyItem item = Item(context, session);
        int side = Number(context, "side", item.Clips.Count);
        StudyClip clip = item.Clips[side];
        byte[] picture = await _frames.EncodeAsync(clip, Number(context, "frame", clip.Frames)).ConfigureAwait(false);
        await PictureAsync(context, picture).ConfigureAwait(false);
    }

    private static Task ExampleAsync(HttpContext context)
    {
        WorkedExample example = WorkedExample.All[Number(context, "example", WorkedExample.All.Count)];
        return PictureAsync(context, ClipFrames.Encode(example.Clip, Number(context, "frame", example.Clip.Frames)));
    }

    private async Task ActAsync(HttpContext context, AnnotatorSession session)
    {
        if (!context.Request.HasJsonContentType())
        {
            await RefuseAsync(context, 415, "Acts are application/json.").ConfigureAwait(false);
            return;
        }

        AnnotationAct act = await context.Request.ReadFromJsonAsync<AnnotationAct>(Format, context.RequestAborted).ConfigureAwait(false) ?? throw new JsonException("it is null");
        bool isNew = session.Write(act);
        StudyItem item = session.Find(act.Item)!;
        await WriteAsync(context, new { Written = isNew, Answered = session.Answered(item), IsDone = session.IsDone(item) }).ConfigureAwait(false);
    }

    private static StudyItem Item(HttpContext context, AnnotatorSession session) => session.Find((string)context.Request.RouteValues["item"]!) ?? throw new KeyNotFoundException();

    /// <summary>A number from 0 in the address.</summary>
    private static int Number(HttpContext context, string name, int count) =>
        int.TryParse((string)context.Request.RouteValues[name]!, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < count ? number : throw new KeyNotFoundException();

    private static async Task PictureAsync(HttpContext context, byte[] picture)
    {
        context.Response.Headers.CacheControl = "private, max-age=86400, immutable";
        context.Response.ContentType = "image/png";
        context.Response.ContentLength = picture.Length;
        await context.Response.Body.WriteAsync(picture, context.RequestAborted).ConfigureAwait(false);
    }

    private static Task WriteAsync(HttpContext context, object value) => context.Response.WriteAsJsonAsync(value, value.GetType(), Format, context.RequestAborted);

    private static async Task RefuseAsync(HttpContext context, int status, string message)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.StatusCode = status;
            await context.Response.WriteAsJsonAsync(new { Error = message }, Format, context.RequestAborted).ConfigureAwait(false);
        }
    }
}
