using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Identity;
using HaloLab.Distillation;
using HaloLab.TeacherEndpoint;
using HaloLab.Tests.ToyWorld;
using HaloLab.ToyWorld;
using HaloLab.Videos;
using Json.Schema;

namespace HaloLab.Tests.Distillation;

/// <summary>The chat model's teacher against the simulated endpoint in this process, over real HTTP.</summary>
public sealed class ChatTeacherTests : IDisposable
{
    private const string Key = "sk-test-0123456789abcdef";
    private static readonly PatchGrid Grid = new(2, 4, 4);
    private static readonly ToyCaption Caption = ToyCaption.Parse("a red circle moving left on a dark background");
    private static readonly VideoClip Clip = ToyClips.Damaged(Caption, 1).Clip;
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-teacher").FullName;

    private string LedgerPath => Path.Combine(_folder, "ledger.db");

    private string LogPath => Path.Combine(_folder, "charged.jsonl");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(ChatApi.OpenAi, PatchView.Crops)]
    [InlineData(ChatApi.Azure, PatchView.Crops)]
    [InlineData(ChatApi.OpenAi, PatchView.Overlay)]
    [InlineData(ChatApi.Azure, PatchView.Overlay)]
    public async Task GradesAreThoseOfTheOracleOnThePixelsSent(ChatApi api, PatchView view)
    {
        await using SimulatedEndpoint endpoint = await Start(new SimulatedEndpointOptions { Key = Key, Log = LogPath, Record = Path.Combine(_folder, "record") });
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 5m);
        ChatTeacherOptions options = Options(api, endpoint.Address) with { View = new TeacherView { Patches = view, PatchesPerRequest = 6 }, DuplicateShare = 0.5, RepeatShare = 1 };
        ClipLabels labels = await Grade(options, ledger);

        Assert.Equal(0, labels.Unanswered);
        Assert.Equal(32 * 6, labels.Labels.Count);
        Assert.Equal(32 * 6, labels.Labels.Select(label => (label.Cell, label.Dimension)).Distinct().Count());
        Assert.All(labels.Labels, label => Assert.Equal((Clip.ContentHash, Caption.ToString(), "2x4x4", "simulated-teacher-1"), (label.Clip, label.Prompt, label.Grid, label.Annotator)));
        Assert.All(labels.Checks, label => Assert.NotNull(label.Check));

        // What the endpoint saw are the clip's own pixels: the damaged cells are the ones that it marks down.
        double[] severities = ToyOracle.Assess(Clip, Caption, Grid).Severities;
        double[] grades = [.. labels.Labels.Where(label => label.Dimension == GradeDimension.LocalDefect).OrderBy(label => label.Cell).Select(label => label.Value!.Value)];
        double[] bad = [.. grades.Where((_, cell) => severities[cell] > 0.6)];
        double[] good = [.. grades.Where((_, cell) => severities[cell] == 0)];
        Assert.NotEmpty(bad);
        Assert.True(bad.Average() < good.Average() - 1, $"{bad.Average()} and {good.Average()}");

        // The ledger says what the service says.
        ChargedRequest[] charged = Charged();
        Assert.Equal(charged.Sum(request => request.Dollars), ledger.Spent);
        Assert.Equal(ledger.Attempts, charged.Length);

        // Everything that went over the wire is as the public protocol has it, and has no key in it.
        JsonSchema request = Schema(api == ChatApi.Azure ? "request" : "openAiRequest");
        JsonSchema response = Schema(api == ChatApi.Azure ? "azureResponse" : "response");
        string[] bodies = Directory.GetFiles(Path.Combine(_folder, "record"));
        Assert.Equal(2 * charged.Length, bodies.Length);
        foreach (string body in bodies)
        {
            JsonElement node = JsonElement.Parse(await File.ReadAllTextAsync(body, Cancellation));
            EvaluationResults results = (body.EndsWith("request.json", StringComparison.Ordinal) ? request : response).Evaluate(node, new EvaluationOptions { OutputFormat = OutputFormat.List });
            Assert.True(results.IsValid, $"{Path.GetFileName(body)}: {string.Join("; ", results.Details!.Where(detail => detail.Errors is not null).SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation} {error.Value}")))}");
        }

        AssertNoKey();
    }

    [Fact]
    public void TheSchemaFindsWhatIsWrong()
    {
        Assert.False(Schema("openAiRequest").Evaluate(JsonElement.Parse("""{ "messages": [], "model": "m" }""")).IsValid);
        Assert.False(Schema("response").Evaluate(JsonElement.Parse("""{ "id": "x", "object": "chat.completion" }""")).IsValid);
    }

    [Fact]
    public async Task StoredAnswersAreReadWithoutAskingAndNothingElseIs()
    {
        ChatTeacherOptions options;
        ClipLabels asked;
        await using (SimulatedEndpoint endpoint = await Start(new SimulatedEndpointOptions { Key = Key }))
        {
            options = Options(ChatApi.OpenAi, endpoint.Address);
            await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 5m);
            asked = await Grade(options, ledger);
        }

        // The endpoint is gone, and so is the key.
        ChatTeacherOptions replay = options with { ReplayOnly = true, Key = null, Budget = 0 };
        await using RequestLedger again = RequestLedger.Open(LedgerPath, 0m);
        ClipLabels read = await Grade(replay, again);
        Assert.Equal(asked.Labels, read.Labels);
        Assert.Equal(asked.Checks, read.Checks);
        InputException missing = await Assert.ThrowsAsync<InputException>(() => Grade(replay with { Temperature = 1 }, again));
        Assert.Contains("--replay-only", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefusalsAreRecordedAsSuchAndNotAskedAgain()
    {
        await using SimulatedEndpoint endpoint = await Start(new SimulatedEndpointOptions { Key = Key, Log = LogPath, Faults = FaultRates.Parse(["refusal=1"]) });
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 5m);
        ClipLabels labels = await Grade(Options(ChatApi.Azure, endpoint.Address), ledger);
        Assert.Equal(32 * 6, labels.Labels.Count);
        Assert.All(labels.Labels, label => Assert.Equal(("refused", (double?)null), (label.Unanswered, label.Value)));
        int requests = Charged().Length;
        await Grade(Options(ChatApi.Azure, endpoint.Address), ledger);
        Assert.Equal(requests, Charged().Length);
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("truncated")]
    [InlineData("500")]
    [InlineData("dropped")]
    [InlineData("timeout")]
    public async Task WhatIsNoAnswerIsAskedAgainAndPaidForAtLeastAsCharged(string fault)
    {
        await using SimulatedEndpoint endpoint = await Start(new SimulatedEndpointOptions { Key = Key, Log = LogPath, Faults = FaultRates.Parse([fault + "=0.4"]) });
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 20m);
        ClipLabels labels = await Grade(Options(ChatApi.OpenAi, endpoint.Address) with { Timeout = TimeSpan.FromSeconds(fault == "timeout" ? 1 : 30), View = new TeacherView { PatchesPerRequest = 2 } }, ledger);
        Assert.Equal(32 * 6, labels.Labels.Count(label => label.Value is not null));
        ChargedRequest[] charged = Charged();
        Assert.Contains(charged, request => request.Fault != Fault.None);

        // Asked again after a good answer only where it came too late: on a busy machine the time may run out without the endpoint meaning it.
        long late = ledger.Outcomes().GetValueOrDefault(AttemptOutcome.TimedOut.ToString()) - charged.Count(request => request.Fault == Fault.Timeout);
        Assert.InRange(charged.Count(request => request.Fault == Fault.None), 16, 16 + late);
        Assert.True(ledger.Spent >= charged.Sum(request => request.Dollars), $"{ledger.Spent} < {charged.Sum(request => request.Dollars)}");
        Assert.Equal(0, ledger.Reserved);
    }

    [Fact]
    public async Task SlowsDownWhenAskedTo()
    {
        await using SimulatedEndpoint endpoint = await Start(new SimulatedEndpointOptions { Key = Key, Log = LogPath, Faults = FaultRates.Parse(["429=0.5"]), RetryAfter = TimeSpan.FromSeconds(0.1) });
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 5m);
        ClipLabels labels = await Grade(Options(ChatApi.OpenAi, endpoint.Address) with { View = new TeacherView { PatchesPerRequest = 4 }, Attempts = 20 }, ledger);
        Assert.Equal(32 * 6, labels.Labels.Count);
        Assert.Equal(Charged().Sum(request => request.Dollars), ledger.Spent);
        Assert.Contains(AttemptOutcome.RateLimited.ToString(), ledger.Outcomes().Keys);
    }

    [Fact]
    public async Task AnotherSnapshotOfTheModelStopsTheRun()
    {
        await using SimulatedEndpoint endpoint = await Start(new SimulatedEndpointOptions { Key = Key, NewSnapshotAfter = 3, Log = LogPath });
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 5m);
        ChatTeacherOptions options = Options(ChatApi.OpenAi, endpoint.Address) with { View = new TeacherView { PatchesPerRequest = 2 }, InFlight = 1 };
        InputException stopped = await Assert.ThrowsAsync<InputException>(() => Grade(options, ledger));
        Assert.Contains("'simulated-teacher-1-new'", stopped.Message, StringComparison.Ordinal);
        Assert.Equal(4, Charged().Length);
        Assert.Equal(1, ledger.Outcomes()[AttemptOutcome.OtherSnapshot.ToString()]);
    }

    [Fact]
    public async Task TheBudgetIsNeverExceeded()
    {
        await using SimulatedEndpoint endpoint = await Start(new SimulatedEndpointOptions { Key = Key, Log = LogPath });
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 0.12m);
        ChatTeacherOptions options = Options(ChatApi.OpenAi, endpoint.Address) with { View = new TeacherView { PatchesPerRequest = 2 }, Budget = 0.12m };
        InputException stopped = await Assert.ThrowsAsync<InputException>(() => Grade(options, ledger));
        Assert.Contains("--budget", stopped.Message, StringComparison.Ordinal);
        Assert.InRange(ledger.Spent, 0.06m, 0.12m);
        Assert.Equal(Charged().Sum(request => request.Dollars), ledger.Spent);

        // With more money it goes on from there.
        int before = Charged().Length;
        Assert.InRange(before, 1, 15);
        await ledger.DisposeAsync();
        await using RequestLedger more = RequestLedger.Open(LedgerPath, 5m);
        Assert.Equal(32 * 6, (await Grade(options, more)).Labels.Count);
        Assert.Equal(16, Charged().Length);
    }

    /// <summary>Services repeat what they were sent in their errors; a key must not come back that way into a message or a file.</summary>
    [Theory]
    [InlineData(401, "invalid_api_key", "status 401")]
    [InlineData(404, "DeploymentNotFound", "status 404")]
    [InlineData(429, "insufficient_quota", "status 429")]
    public async Task WhatAskingAgainCannotMendStopsWithTheServicesWords(int status, string code, string expected)
    {
        await using OneAnswerServer server = new(status, $$"""{"error":{"message":"Incorrect API key provided: {{Key}}.","type":"t","param":null,"code":"{{code}}"} }""");
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 5m);
        InputException stopped = await Assert.ThrowsAsync<InputException>(() => Grade(Options(ChatApi.OpenAi, server.Address), ledger));
        Assert.Contains(expected, stopped.Message, StringComparison.Ordinal);
        Assert.Contains("[key]", stopped.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, stopped.ToString(), StringComparison.Ordinal);
        Assert.Equal(0m, ledger.Spent);
        await ledger.DisposeAsync();
        AssertNoKey();
    }

    [Fact]
    public async Task AnIdentitysTokenIsSentInsteadOfAKey()
    {
        await using SimulatedEndpoint endpoint = await Start(new SimulatedEndpointOptions { Key = Key, Log = LogPath, Record = Path.Combine(_folder, "record") });
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 5m);
        List<string> scopes = [];
        TokenCredential identity = DelegatedTokenCredential.Create((context, _) =>
        {
            scopes.AddRange(context.Scopes);
            return new AccessToken(Key, DateTimeOffset.UtcNow + TimeSpan.FromHours(1));
        });
        ChatTeacherOptions options = Options(ChatApi.Azure, endpoint.Address) with { Key = null, Identity = identity };
        ClipLabels labels = await Grade(options, ledger);
        Assert.Equal((0, 32 * 6), (labels.Unanswered, labels.Labels.Count));
        Assert.Equal(["https://cognitiveservices.azure.com/.default"], scopes);

        // What is stored is read without asking for a token.
        Assert.Equal(labels.Labels, (await Grade(options, ledger)).Labels);
        Assert.Single(scopes);
        AssertNoKey();
    }

    [Fact]
    public async Task WithoutASignInNothingIsSentOrReserved()
    {
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 5m);
        TokenCredential identity = DelegatedTokenCredential.Create((_, _) => throw new CredentialUnavailableException("Nobody has signed in."));
        ChatTeacherOptions options = Options(ChatApi.Azure, new Uri("http://127.0.0.1:9")) with { Key = null, Identity = identity };
        InputException refused = await Assert.ThrowsAsync<InputException>(() => Grade(options, ledger));
        Assert.Equal("--azure-identity: Nobody has signed in.", refused.Message);
        Assert.Equal(0, ledger.Attempts);
    }

    [Theory]
    [InlineData(ChatApi.OpenAi, null, true, "--api azure")]
    [InlineData(ChatApi.Azure, "two words", false, "printable ASCII")]
    [InlineData(ChatApi.Azure, null, false, "AZURE_OPENAI_API_KEY to hold it, or --azure-identity")]
    public void WhatCanBeNoSecretIsRefused(ChatApi api, string? key, bool hasIdentity, string expected)
    {
        ChatTeacherOptions options = Options(api, new Uri("https://example.org")) with
        {
            Key = key,
            Identity = hasIdentity ? DelegatedTokenCredential.Create((_, _) => default) : null,
        };
        Assert.Contains(expected, Assert.Throws<InputException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFilteredQuestionIsNoBadGrade()
    {
        await using OneAnswerServer server = new(400, """{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400}}""");
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 5m);
        ClipLabels labels = await Grade(Options(ChatApi.Azure, server.Address), ledger);
        Assert.All(labels.Labels, label => Assert.Equal(("refused", (double?)null), (label.Unanswered, label.Value)));
        Assert.Equal(0m, ledger.Spent);
    }

    [Fact]
    public async Task FrozenClipsAreRefusedBeforeMoneyIsSpent()
    {
        await using RequestLedger ledger = RequestLedger.Open(LedgerPath, 5m);
        using ChatTeacher teacher = new(Options(ChatApi.OpenAi, new Uri("http://127.0.0.1:9/v1")), ledger);
        InputException refused = await Assert.ThrowsAsync<InputException>(() => teacher.GradeAsync(ToyClips.Still(Clip), Caption.ToString(), Grid, Cancellation));
        Assert.Contains("frozen", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, ledger.Attempts);
    }

    [Theory]
    [InlineData("http://example.org/v1", "plain http")]
    [InlineData("https://user:secret@example.org/v1", "without user")]
    public void AddressesThatWouldGiveTheKeyAwayAreRefused(string address, string expected) =>
        Assert.Contains(expected, Assert.Throws<InputException>(() => (Options(ChatApi.OpenAi, new Uri("https://example.org")) with { Endpoint = new Uri(address) }).Validate()).Message, StringComparison.Ordinal);

    private static ChatTeacherOptions Options(ChatApi api, Uri address) => new()
    {
        Api = api,
        Endpoint = api == ChatApi.Azure ? address : new Uri(address, "/v1"),
        Model = "simulated",
        Key = Key,
        Price = PriceTable.Shipped().Of("simulated"),
        Budget = 5,
        RepeatShare = 0,
        DuplicateShare = 0,
        RetryDelay = TimeSpan.FromMilliseconds(5),
    };

    private static async Task<ClipLabels> Grade(ChatTeacherOptions options, RequestLedger ledger)
    {
        using ChatTeacher teacher = new(options, ledger);
        return await teacher.GradeAsync(Clip, Caption.ToString(), Grid, Cancellation);
    }

    private static Task<SimulatedEndpoint> Start(SimulatedEndpointOptions options) => SimulatedEndpoint.StartAsync(options, Cancellation);

    private static JsonSchema Schema(string name)
    {
        string path = Path.Combine(RepositoryRoot.Path, "tests", "HaloLab.Tests", "Distillation", "chat-completions.schema.json");
        JsonObject file = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        file["$ref"] = "#/$defs/" + name;
        return JsonSchema.FromText(file.ToJsonString());
    }

    private ChargedRequest[] Charged() => ChargedLog.Read(LogPath);

    private void AssertNoKey()
    {
        byte[] key = Encoding.UTF8.GetBytes(Key);
        foreach (string file in Directory.GetFiles(_folder, "*", SearchOption.AllDirectories))
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            Assert.True(bytes.AsSpan().IndexOf(key) < 0, $"{file} holds the key");
        }
    }

    /// <summary>Answers every request with the same status and body.</summary>
    private sealed class OneAnswerServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _serving;

        public OneAnswerServer(int status, string body)
        {
            _listener.Start();
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
            _serving = ServeAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"));
        }

        public Uri Address { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            _listener.Stop();
            await _serving;
            _stop.Dispose();
        }

        private async Task ServeAsync(byte[] answer)
        {
            try
            {
                while (true)
                {
                    using TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                    using StreamReader reader = new(client.GetStream(), Encoding.Latin1, leaveOpen: true);
                    int length = 0;
                    while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } line)
                    {
                        length = line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase) ? int.Parse(line[15..], System.Globalization.CultureInfo.InvariantCulture) : length;
                    }

                    await reader.ReadBlockAsync(new char[length], _stop.Token);
                    await client.GetStream().WriteAsync(answer, _stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }
    }
}
