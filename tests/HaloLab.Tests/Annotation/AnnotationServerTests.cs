using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using HaloLab.Annotation;
using HaloLab.Preferences.Labels;
using HaloLab.Tests.Videos;
using HaloLab.Videos;

namespace HaloLab.Tests.Annotation;

/// <summary>What the annotation server gives, to whom, and what it refuses.</summary>
public sealed class AnnotationServerTests : IAsyncDisposable
{
    private readonly AnnotationFolder _folder = new();
    private readonly HttpClient _http = new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string ItemId => _folder.Study.Items("anna")[0].Id;

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return _folder.DisposeAsync();
    }

    [Fact]
    public async Task NothingIsGivenWithoutTheAnnotatorsOwnToken()
    {
        await StartAsync();
        string own = _folder.Server.TokenOf("anna");
        string[] paths = ["/anna/", "/anna/annotate.js", "/anna/annotate.css", "/anna/study", "/anna/items", $"/anna/items/{ItemId}", $"/anna/items/{ItemId}/clips/0/frames/0", "/anna/examples/0/frames/0", "/", "/nobody/", "/favicon.ico"];
        foreach (string path in paths)
        {
            foreach (string? token in (string?[])[null, "", "wrong", AnnotationFolder.Secret, _folder.Server.TokenOf("ben")])
            {
                Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(Request(HttpMethod.Get, path, token))).Status);
                Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(Request(HttpMethod.Get, token is null ? path : $"{path}?token={Uri.EscapeDataString(token)}", null))).Status);
            }
        }

        foreach (string path in paths.Take(8))
        {
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(Request(HttpMethod.Get, path, own))).Status);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(Post(Act(), null))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(Post(Act(), _folder.Server.TokenOf("ben")))).Status);

        // A token in the address is for opening the page, not for posting.
        HttpRequestMessage inAddress = Post(Act(), null);
        inAddress.RequestUri = new Uri($"{inAddress.RequestUri}?token={own}");
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(inAddress)).Status);
        Assert.Empty(_folder.Labels());
    }

    [Fact]
    public async Task TheLinkSetsACookieThatOnlyThisPageSends()
    {
        await StartAsync();
        using HttpResponseMessage response = await _http.GetAsync(_folder.Server.LinkOf("anna"), Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        string cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("path=/anna/", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("default-src 'none'; script-src 'self'", Assert.Single(response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
        Assert.Equal(["no-referrer"], response.Headers.GetValues("Referrer-Policy"));
        string page = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.DoesNotContain(_folder.Server.TokenOf("anna"), page, StringComparison.Ordinal);
        Assert.DoesNotContain("://", page, StringComparison.Ordinal);

        // The cookie lets the page read and, with the origin that browsers add, write.
        string sent = cookie.Split(';')[0];
        HttpRequestMessage read = Request(HttpMethod.Get, "/anna/study", null);
        read.Headers.Add("Cookie", sent);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(read)).Status);
        HttpRequestMessage write = Post(Act(), null);
        write.Headers.Add("Cookie", sent);
        write.Headers.Add("Origin", _folder.Server.Address.GetLeftPart(UriPartial.Authority));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(write)).Status);

        // Without an origin, a post with a cookie is a form of another page in an old browser.
        HttpRequestMessage form = Post(Act(), null);
        form.Headers.Add("Cookie", sent);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(form)).Status);
        Assert.Single(_folder.Labels());
    }

    [Fact]
    public async Task PostsOfOtherPagesAndOtherHostNamesAreRefused()
    {
        await StartAsync();
        int port = _folder.Server.Address.Port;
        (string Header, string Value)[] foreign =
        [
            ("Origin", "http://evil.example"), ("Origin", "null"), ("Origin", "http://127.0.0.1"), ("Origin", $"https://127.0.0.1:{port}"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"),
            ("Host", "evil.example"), ("Host", $"evil.example:{port}"), ("Host", $"127.0.0.1.evil.example:{port}"), ("Host", "127.0.0.1"),
        ];
        foreach ((string header, string value) in foreign)
        {
            HttpRequestMessage post = Post(Act(), _folder.Server.TokenOf("anna"));
            post.Headers.TryAddWithoutValidation(header, value);
            Assert.True((await SendAsync(post)).Status == HttpStatusCode.Forbidden, $"{header}: {value}");

            // A name that was pointed at this machine gets to see nothing either.
            HttpRequestMessage get = Request(HttpMethod.Get, "/anna/study", _folder.Server.TokenOf("anna"));
            get.Headers.TryAddWithoutValidation(header, value);
            (HttpStatusCode status, string body) = await SendAsync(get);
            Assert.Equal(header == "Host" ? HttpStatusCode.Forbidden : HttpStatusCode.OK, status);
            Assert.Equal(header != "Host", body.Contains("anna", StringComparison.Ordinal));
        }

        Assert.Empty(_folder.Labels());
    }

    [Fact]
    public async Task AddressesThatLeadOutOfTheStudyLeadNowhere()
    {
        await StartAsync();
        string[] paths =
        [
            "/anna/../../../../etc/passwd", "/anna/%2e%2e/%2e%2e/etc/passwd", "/anna/..%2f..%2fetc%2fpasswd", "/anna//etc/passwd", "/anna/items/..%2f..%2flabels.sqlite",
            $"/anna/items/{ItemId}/clips/../../../../labels.sqlite", $"/anna/items/{ItemId}/clips/0/frames/..%2f..%2f0.png", $"/anna/items/{ItemId}/clips/0/frames/-1", $"/anna/items/{ItemId}/clips/0/frames/8",
            $"/anna/items/{ItemId}/clips/1/frames/0", $"/anna/items/{ItemId}/clips/0/frames/99999999999999999999", "/anna/items/0000000000000000", "/anna/examples/9/frames/0", "/anna/annotate.html", "/anna/items/%00",
        ];
        foreach (string path in paths)
        {
            // As bytes: a client would tidy the path.
            using TcpClient socket = new();
            await socket.ConnectAsync(IPAddress.Loopback, _folder.Server.Address.Port, Cancellation);
            string request = $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{_folder.Server.Address.Port}\r\nAuthorization: Bearer {_folder.Server.TokenOf("anna")}\r\nConnection: close\r\n\r\n";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Cancellation);
            using StreamReader reader = new(socket.GetStream());
            string answer = await reader.ReadToEndAsync(Cancellation);
            Assert.True(answer.StartsWith("HTTP/1.1 40", StringComparison.Ordinal), $"{path}: {answer}");
            Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("SQLite", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task BodiesThatAreNoActsAreRefusedAndNothingIsWritten()
    {
        await StartAsync();
        string token = _folder.Server.TokenOf("anna");
        string good = Act();
        async Task Refuses(int status, string body, string type = "application/json")
        {
            HttpRequestMessage post = Post(body, token);
            post.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            (HttpStatusCode found, string text) = await SendAsync(post);
            Assert.True((int)found == status, $"{body[..Math.Min(200, body.Length)]}: {(int)found} {text}");
            Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
            Assert.True(JsonNode.Parse(text)!["error"]!.GetValue<string>().Length > 0);
        }

        await Refuses(415, good, "text/plain");
        await Refuses(415, good, "application/x-www-form-urlencoded");
        await Refuses(415, good, "multipart/form-data");
        await Refuses(413, good + new string(' ', 70_000));
        await Refuses(400, "");
        await Refuses(400, "null");
        await Refuses(400, "[]");
        await Refuses(400, "{\"id\":\"12345678\"");
        await Refuses(400, Act(act => act["more"] = 1));
        await Refuses(400, Act(act => act["id"] = "short"));
        await Refuses(400, Act(act => act["id"] = "with blank inside"));
        await Refuses(400, Act(act => act.Remove("answers")));
        await Refuses(400, Act(act => act["answers"] = new JsonArray()));
        await Refuses(404, Act(act => act["item"] = "0000000000000000"));
        await Refuses(404, Act(act => act["item"] = _folder.Study.Items("ben")[0].Id));
        await Refuses(400, Act(act => Answer(act)["dimension"] = "taste"));
        await Refuses(400, Act(act => Answer(act)["cells"] = new JsonArray(8)));
        await Refuses(400, Act(act => Answer(act)["cells"] = new JsonArray(-1)));
        await Refuses(400, Act(act => Answer(act)["cells"] = new JsonArray(1, 1)));
        await Refuses(400, Act(act => Answer(act)["cells"] = new JsonArray()));
        await Refuses(400, Act(act => Answer(act)["grade"] = 6));
        await Refuses(400, Act(act => Answer(act)["grade"] = "2; DROP TABLE label"));
        await Refuses(400, Act(act => Answer(act)["defect"] = "ugly"));
        await Refuses(400, Act(act => Answer(act)["defect"] = 3));
        await Refuses(400, Act(act => Answer(act)["choice"] = "left"));
        await Refuses(400, Act(act => Answer(act)["cannotTell"] = true));
        await Refuses(400, Act(act => { Answer(act).Remove("cells"); Answer(act)["dimension"] = "visual quality"; Answer(act)["defect"] = "blurred"; }));
        Assert.Empty(_folder.Labels());
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(Post(good, token))).Status);
        Assert.Single(_folder.Labels());

        // Other methods are none of it.
        foreach (HttpMethod method in (HttpMethod[])[HttpMethod.Put, HttpMethod.Delete, HttpMethod.Options, HttpMethod.Get])
        {
            Assert.Equal(HttpStatusCode.MethodNotAllowed, (await SendAsync(Request(method, "/anna/acts", token))).Status);
        }
    }

    [Fact]
    public async Task AnActThatArrivesAgainOrLateChangesNothing()
    {
        await StartAsync();
        string token = _folder.Server.TokenOf("anna");
        string first = Act();
        string second = Act(act => Answer(act)["grade"] = 4);
        Assert.Contains("\"written\":true", (await SendAsync(Post(first, token))).Body, StringComparison.Ordinal);
        Assert.Contains("\"written\":true", (await SendAsync(Post(second, token))).Body, StringComparison.Ordinal);
        Assert.Contains("\"written\":false", (await SendAsync(Post(first, token))).Body, StringComparison.Ordinal);
        Assert.Equal(4, Assert.Single(_folder.Labels()).Value);

        // The page's state says the same, also after a new start.
        async Task<string> Answers() => JsonNode.Parse((await SendAsync(Request(HttpMethod.Get, $"/anna/items/{ItemId}", token))).Body)!["answers"]!.ToJsonString();
        string before = await Answers();
        Assert.Equal("[{\"dimension\":\"local defect\",\"cell\":1,\"grade\":4}]", before);
        await _folder.Server.DisposeAsync();
        await _folder.StartAsync(_folder.Study.Options);
        Assert.Equal(before, await Answers());
        Assert.Contains("\"written\":false", (await SendAsync(Post(second, token))).Body, StringComparison.Ordinal);

        // Taking back what was never said writes nothing; taking back what was said does.
        await SendAsync(Post(Act(act => { Answer(act).Remove("grade"); Answer(act)["cells"] = new JsonArray(2); }), token));
        await SendAsync(Post(Act(act => Answer(act).Remove("grade")), token));
        Assert.Empty(_folder.Labels());
        using LabelStore store = LabelStore.Open(_folder.StorePath);
        Assert.Equal([2.0, 4.0, null], store.Read(LabelQuery.All with { WithSuperseded = true }).Select(stored => stored.Label.Value));
        Assert.Equal("[]", await Answers());
    }

    [Fact]
    public async Task FramesAreThePixelsOfTheClipAndNothingNamesIt()
    {
        await StartAsync();
        string token = _folder.Server.TokenOf("anna");
        StudyClip clip = _folder.Study.Items("anna")[0].Clips[0];
        VideoClip decoded = await VideoFile.ReadAsync(clip.Path, Cancellation);
        for (int frame = 0; frame < clip.Frames; frame++)
        {
            HttpRequestMessage request = Request(HttpMethod.Get, $"/anna/items/{ItemId}/clips/0/frames/{frame}", token);
            using HttpResponseMessage response = await _http.SendAsync(request, Cancellation);
            Assert.Equal("image/png", response.Content.Headers.ContentType!.MediaType);
            (byte[] pixels, int height, int width) = PngStill.Decode(await response.Content.ReadAsByteArrayAsync(Cancellation));
            Assert.Equal((32, 32), (height, width));
            Assert.True(decoded.Frame(frame).SequenceEqual(pixels));
        }

        foreach (string path in (string[])["study", "items", $"items/{ItemId}"])
        {
            string body = (await SendAsync(Request(HttpMethod.Get, "/anna/" + path, token))).Body;
            Assert.DoesNotContain(".png", body, StringComparison.Ordinal);
            Assert.DoesNotContain(clip.Hash, body, StringComparison.Ordinal);
            Assert.DoesNotContain(_folder.Clips, body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AClipThatBecameAnotherIsNotShown()
    {
        await StartAsync();
        foreach (string file in Directory.GetFiles(_folder.Clips, "*.png"))
        {
            File.WriteAllBytes(file, Apng.Encode(HaloLab.Tests.ToyWorld.ToyClips.Plain(90)));
        }

        (HttpStatusCode status, string body) = await SendAsync(Request(HttpMethod.Get, $"/anna/items/{ItemId}/clips/0/frames/0", _folder.Server.TokenOf("anna")));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("is another clip", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATokenOfFewLettersAndATakenPortAreRefused()
    {
        await StartAsync();
        using LabelStore store = LabelStore.OpenOrCreate(_folder.At("other.sqlite"));
        InputException tooShort = await Assert.ThrowsAsync<InputException>(() => AnnotationServer.StartAsync(_folder.Study, store, new AnnotationServerOptions { Token = "short" }, Cancellation));
        Assert.Contains("expected at least 16", tooShort.Message, StringComparison.Ordinal);
        InputException taken = await Assert.ThrowsAsync<InputException>(() => AnnotationServer.StartAsync(_folder.Study, store, new AnnotationServerOptions { Token = AnnotationFolder.Secret, Port = _folder.Server.Address.Port }, Cancellation));
        Assert.Contains("--port", taken.Message, StringComparison.Ordinal);
    }

    private static JsonObject Answer(JsonObject act) => act["answers"]![0]!.AsObject();

    /// <summary>Grade 2 for patch 1, or something else.</summary>
    private string Act(Action<JsonObject>? change = null)
    {
        JsonObject act = new()
        {
            ["id"] = Guid.NewGuid().ToString(),
            ["item"] = ItemId,
            ["answers"] = new JsonArray(new JsonObject { ["dimension"] = "local defect", ["cells"] = new JsonArray(1), ["grade"] = 2 }),
        };
        change?.Invoke(act);
        return act.ToJsonString();
    }

    private async Task StartAsync()
    {
        Ffmpeg.Require();
        await _folder.StartAsync(_folder.WithClips(2).Options("2x2x2", "anna", "ben"));
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string? token)
    {
        HttpRequestMessage request = new(method, new Uri(_folder.Server.Address, path));
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return request;
    }

    private HttpRequestMessage Post(string body, string? token)
    {
        HttpRequestMessage request = Request(HttpMethod.Post, "/anna/acts", token);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return request;
    }

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using HttpResponseMessage response = await _http.SendAsync(request, Cancellation);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
        }
    }
}
