using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CliWrap.Buffered;
using HaloLab.Distillation;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.TeacherEndpoint;
using HaloLab.Tests.Cli;
using HaloLab.Tests.Rewards;
using HaloLab.Tests.ToyWorld;
using HaloLab.Tests.Videos;
using HaloLab.ToyWorld;
using HaloLab.Videos;
using Microsoft.Data.Sqlite;

namespace HaloLab.Tests.Distillation;

/// <summary><c>halolab label</c> and <c>halolab teacher serve-simulated</c> as a user runs them, as processes.</summary>
public sealed class LabelVerbTests : IDisposable
{
    private const string Key = "sk-test-fedcba9876543210";
    private static readonly string[] EveryFault = ["429=0.05", "500=0.05", "timeout=0.05", "dropped=0.05", "garbage=0.05", "truncated=0.05", "refusal=0.05"];

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-label").FullName;
    private Process? _server;

    private string Output => Path.Combine(_folder, "out");

    private string LogPath => Path.Combine(_folder, "charged.jsonl");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (_server is not null)
        {
            _server.Kill();
            _server.WaitForExit();
            _server.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>150 requests with every fault, killed once. The long form has 2,000 and three kills.</summary>
    [Fact]
    public Task KilledRunsLoseNothingAskLittleTwiceAndStayWithinTheBudget() => KillAndGoOn(clips: 5, requestsPerClip: 30, kills: 1);

    [Fact]
    [Trait("Category", "Long")]
    public Task KilledRunsLoseNothingInTwoThousandRequests() => KillAndGoOn(clips: 40, requestsPerClip: 50, kills: 3);

    [Fact]
    public async Task CountsBeforeItAsksAndNamesWhatIsMissing()
    {
        Ffmpeg.Require();
        string clips = Clips(2);
        await File.WriteAllBytesAsync(Path.Combine(clips, "frozen.png"), Apng.Encode(ToyClips.Still(ToyClips.Clean(ToyClips.Captions(1)[0], 1))), Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(clips, "broken.png"), (await File.ReadAllBytesAsync(Path.Combine(clips, "clip-0.png"), Cancellation))[..200], Cancellation);
        await File.AppendAllTextAsync(Path.Combine(clips, "prompts.jsonl"), """
            {"clip":"frozen.png","prompt":"a red circle moving left on a dark background"}
            {"clip":"broken.png","prompt":"a red circle moving left on a dark background"}

            """, Cancellation);
        string[] arguments = ["label", clips, "--prompts", Path.Combine(clips, "prompts.jsonl"), "--grid", "2x4x4", "--repeat-share", "0", "--duplicate-share", "0"];
        BufferedCommandResult dry = await HaloLabProgram.Run([.. arguments, "--model", "gpt-4o", "--dry-run", "--out", Output]);
        Assert.True(dry.IsSuccess, dry.StandardError);

        // 2 requests a clip: 8 frames and 16 patches at 85 tokens each, text and schema at four bytes a token; 16 answers of 190 tokens.
        Assert.Contains("2 clips to grade, 2 clips not sent", dry.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("4 are to be asked", dry.StandardOutput, StringComparison.Ordinal);
        Assert.Contains($"{4 * 16 * 190} of answers", dry.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("'gpt-4o' of 2025-08-07", dry.StandardOutput, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Output), "a dry run wrote something");

        await HaloLabProgram.Refuses("--budget is missing", Output, [.. arguments, "--model", "gpt-4o"]);
        await HaloLabProgram.Refuses("--model is missing", Output, [.. arguments, "--budget", "1"]);
        await HaloLabProgram.Refuses("--priced-as", Output, [.. arguments, "--model", "mine", "--budget", "1"]);
        await HaloLabProgram.Refuses("OPENAI_API_KEY", Output, [.. arguments, "--model", "gpt-4o", "--budget", "1"]);
        await HaloLabProgram.Refuses("plain http", Output, [.. arguments, "--model", "gpt-4o", "--budget", "1", "--endpoint", "http://example.org"]);
        await HaloLabProgram.Refuses("crops or overlay", Output, [.. arguments, "--model", "gpt-4o", "--budget", "1", "--view", "upside-down"]);
        await HaloLabProgram.Refuses("manifest.json", Output, "label", clips, "--model", "gpt-4o", "--budget", "1");
        await HaloLabProgram.Refuses("no such folder", Output, "label", Path.Combine(_folder, "nowhere"), "--model", "gpt-4o", "--budget", "1");
        await HaloLabProgram.Refuses("--teacher", Output, [.. arguments, "--teacher", "oracle"]);
    }

    [Fact]
    public async Task ShardsTogetherGradeWhatOneProcessGrades()
    {
        Ffmpeg.Require();
        string clips = Clips(2);
        string[] arguments = ["label", clips, "--prompts", Path.Combine(clips, "prompts.jsonl"), "--grid", "2x2x2", "--teacher", "simulated"];
        BufferedCommandResult result = await HaloLabProgram.Run([.. arguments, "--out", Output]);
        Assert.True(result.IsSuccess, result.StandardError);
        string sharded = Path.Combine(_folder, "sharded");
        foreach (string shard in (string[])["1/3", "2/3", "3/3"])
        {
            result = await HaloLabProgram.Run([.. arguments, "--shard", shard, "--out", sharded]);
            Assert.True(result.IsSuccess, result.StandardError);
        }

        // Two prompts: the third has nothing to do, and writes nothing.
        Assert.Contains("nothing is left for 3-of-3", result.StandardError, StringComparison.Ordinal);
        string[] parts = [.. new[] { "1-of-3", "2-of-3" }.Select(shard => Path.Combine(sharded, "shards", shard, LabelRun.LabelsFile))];
        Assert.Equal(parts, Directory.GetFiles(sharded, LabelRun.LabelsFile, SearchOption.AllDirectories).Order(StringComparer.Ordinal));
        Assert.All(parts, part => Assert.Single(TeacherLabelFile.Read(part).Select(label => label.Clip).Distinct()));
        Assert.Equal(Answers(Path.Combine(Output, LabelRun.LabelsFile)).Order(), parts.SelectMany(Answers).Order());

        static IEnumerable<(string Clip, int Cell, double? Value)> Answers(string file) => TeacherLabelFile.Read(file).Select(label => (label.Clip, label.Cell, label.Value));
    }

    [Fact]
    public async Task TheSimulatedTeacherGradesWithoutAnEndpoint()
    {
        Ffmpeg.Require();
        string clips = Clips(2);
        BufferedCommandResult result = await HaloLabProgram.Run("label", clips, "--prompts", Path.Combine(clips, "prompts.jsonl"), "--grid", "2x2x2", "--teacher", "simulated", "--out", Output);
        Assert.True(result.IsSuccess, result.StandardError);
        TeacherLabel[] labels = [.. TeacherLabelFile.Read(Path.Combine(Output, LabelRun.LabelsFile))];
        Assert.Equal(2 * 8 * 6, labels.Length);
        Assert.All(labels, label => Assert.StartsWith("simulated", label.Annotator, StringComparison.Ordinal));

        // The file is one that the label store reads.
        string store = Path.Combine(_folder, "labels.sqlite");
        foreach (string expected in (string[])["96 added", "96 were there"])
        {
            result = await HaloLabProgram.Run("data", "import", Path.Combine(Output, LabelRun.LabelsFile), "--store", store);
            Assert.True(result.IsSuccess, result.StandardError);
            Assert.Contains(expected, result.StandardOutput, StringComparison.Ordinal);
        }

        using LabelStore kept = LabelStore.Open(store);
        Label[] stored = [.. kept.Read(LabelQuery.All).Select(label => label.Label)];
        Assert.Equal(
            labels.Select(label => (label.Clip, label.Cell, label.Value, label.Defect)).Order(),
            stored.Select(label => (label.Clip, label.Cell!.Value, label.Value, label.Defect)).Order());
        Assert.All(stored, label => Assert.Equal(AnnotatorKind.Simulated, label.AnnotatorKind));
    }

    [Fact]
    public async Task AModelInThisProcessGradesAndGoesOn()
    {
        Ffmpeg.Require();
        string clips = Clips(2);
        string model = TinyScorers.Qwen2Vl(_folder);
        string[] arguments = ["label", clips, "--prompts", Path.Combine(clips, "prompts.jsonl"), "--grid", "1x2x2", "--teacher", "local", "--context-frames", "2", "--longest-side", "64", "--threads", "1"];
        BufferedCommandResult result = await HaloLabProgram.Run([.. arguments, "--model", model, "--out", Output]);
        Assert.True(result.IsSuccess, result.StandardError);
        TeacherLabel[] labels = Labels();
        Assert.Equal(2 * 4 * 6, labels.Length);
        Assert.All(labels, label => Assert.True(label is { Value: >= 1 and <= 5, Confidence: >= 0.2 and <= 1, AnnotatorKind: "model", Unanswered: null }, label.ToString()));
        Assert.All(labels, label => Assert.Equal(label.Dimension == GradeDimension.LocalDefect, label.Defect is not null));

        // What was answered is kept, the rest is asked again, and says the same: a patch's grades hang on no other patch's.
        string answers = Directory.GetFiles(Path.Combine(Output, "answers")).Order().First();
        File.WriteAllLines(answers, File.ReadAllLines(answers)[..6]);
        File.Delete(Path.Combine(Output, LabelRun.LabelsFile));
        result = await HaloLabProgram.Run([.. arguments, "--out", Output]);
        Assert.True(result.IsSuccess, result.StandardError);
        TeacherLabel[] again = Labels();
        Assert.Equal(labels.Select(label => label with { AnsweredAt = default }), again.Select(label => label with { AnsweredAt = default }));
        Assert.Equal(18, labels.Zip(again, (first, second) => first.AnsweredAt != second.AnsweredAt).Count(isNew => isNew));

        // Another view is another folder, and options of a chat model are refused by name.
        result = await HaloLabProgram.Run([.. arguments.Select(argument => argument == "64" ? "128" : argument), "--out", Output]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("longestSide", result.StandardError, StringComparison.Ordinal);
        string other = Path.Combine(_folder, "other");
        await HaloLabProgram.Refuses("--model is missing", other, arguments);
        await HaloLabProgram.Refuses("--budget", other, [.. arguments, "--model", model, "--budget", "1"]);
        await HaloLabProgram.Refuses("overlay", other, [.. arguments, "--model", model, "--view", "overlay"]);
        await HaloLabProgram.Refuses("no such folder", other, [.. arguments, "--model", Path.Combine(_folder, "nowhere")]);
        string config = Path.Combine(model, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("614", "500", StringComparison.Ordinal));
        await HaloLabProgram.Refuses("vocab_size", other, [.. arguments, "--model", model]);

        TeacherLabel[] Labels() => [.. TeacherLabelFile.Read(Path.Combine(Output, LabelRun.LabelsFile))];
    }

    /// <summary>The identity is that of a machine in Azure, whose local service is stood in for here.</summary>
    [Fact]
    public async Task AnAzureIdentityGradesWithoutAKey()
    {
        Ffmpeg.Require();
        string clips = Clips(1);
        Uri address = await Serve();
        using HttpListener machine = new();
        int port = FreePort();
        machine.Prefixes.Add($"http://127.0.0.1:{port}/");
        machine.Start();
        Task<string?> asked = GiveToken(machine);
        ProcessStartInfo info = HaloLabProgram.Interruptible([.. Arguments(clips, address, 8, "--api", "azure", "--azure-identity").Select(argument => argument == address + "v1" ? address.ToString() : argument)]);
        info.Environment.Remove("AZURE_OPENAI_API_KEY");
        info.Environment["IDENTITY_ENDPOINT"] = $"http://127.0.0.1:{port}/token";
        info.Environment["IDENTITY_HEADER"] = "local";
        using Process run = Process.Start(info)!;
        Task<string> output = run.StandardOutput.ReadToEndAsync(Cancellation);
        string errors = await run.StandardError.ReadToEndAsync(Cancellation);
        await run.WaitForExitAsync(Cancellation);
        Assert.True(run.ExitCode == 0, errors);
        Assert.Equal("https://cognitiveservices.azure.com", await asked);
        Assert.Equal(64 * 6, TeacherLabelFile.Read(Path.Combine(Output, LabelRun.LabelsFile)).Count());
        Assert.DoesNotContain(Key, errors + await output, StringComparison.Ordinal);
        AssertNoKey();
    }

    [Theory]
    [InlineData("--fault 429=2", "--fault", "429=2")]
    [InlineData("--fault weather=0.1", "--fault", "weather=0.1")]
    [InlineData("sum to", "--fault", "429=0.6", "--fault", "500=0.6")]
    [InlineData("--latency", "--latency", "-1")]
    [InlineData("--port", "--port", "70000")]
    public async Task TheEndpointRefusesWhatItCannotDo(string expected, params string[] arguments)
    {
        BufferedCommandResult result = await HaloLabProgram.Run(["teacher", "serve-simulated", .. arguments]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CtrlCStopsSoonWithWhatWasAnsweredAndTheSameCommandGoesOn()
    {
        Ffmpeg.Require();
        string clips = Clips(4);

        // 32 requests, two a second: beside other tests there is time to stop it.
        Uri address = await Serve("--latency", "1");
        string[] Limited(string inFlight) => Arguments(clips, address, 8, "--in-flight", inFlight, "--timeout", "60");
        using Process run = Start(Limited("2"));
        await Until(() => File.Exists(LogPath) && ChargedLog.Read(LogPath).Length >= 4);
        Stopwatch watch = Stopwatch.StartNew();
        using (Process kill = Process.Start("kill", ["-INT", run.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(Cancellation);
        }

        string errors = await run.StandardError.ReadToEndAsync(Cancellation);
        await run.WaitForExitAsync(Cancellation);
        Assert.Equal(130, run.ExitCode);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"{watch.Elapsed}");
        Assert.Contains("goes on from here", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Unfinished", Report()["attempts"]!.AsObject().Select(outcome => outcome.Key));

        Assert.Equal(0, await Finish(Limited("16")));
        ChargedRequest[] charged = ChargedLog.Read(LogPath);
        Assert.Equal(32, charged.Length);
        Assert.Equal(32, charged.Select(request => request.Body).Distinct().Count());
        Assert.Equal(4 * 64 * 6, TeacherLabelFile.Read(Path.Combine(Output, LabelRun.LabelsFile)).Count());
    }

    private async Task KillAndGoOn(int clips, int requestsPerClip, int kills)
    {
        Ffmpeg.Require();
        const int InFlight = 16;
        const decimal Budget = 60m;
        string folder = Clips(clips);
        Uri address = await Serve(["--latency", "0.05", .. EveryFault.SelectMany(fault => new[] { "--fault", fault })]);
        string[] arguments = Arguments(folder, address, requestsPerClip, "--in-flight", InFlight.ToString(CultureInfo.InvariantCulture), "--attempts", "30", "--timeout", "5");
        int total = clips * requestsPerClip;
        for (int kill = 0; kill < kills; kill++)
        {
            // Kills spread over the run, at moments that differ.
            int moment = (int)(total * (kill + 0.3 + (0.4 * new RandomStream(1, "kills of the label test", kill).NextDouble())) / kills);
            using Process run = Start(arguments);
            await Until(() => run.HasExited || (File.Exists(LogPath) && ChargedLog.Read(LogPath).Length >= moment));
            Assert.False(run.HasExited, "the run was done before it could be killed");
            run.Kill();
            await run.WaitForExitAsync(Cancellation);
        }

        Assert.Equal(0, await Finish(arguments));

        // Every label is there exactly once, refusals as refusals.
        TeacherLabel[] labels = [.. TeacherLabelFile.Read(Path.Combine(Output, LabelRun.LabelsFile))];
        Assert.Equal(total * 6, labels.Length);
        Assert.Equal(labels.Length, labels.Select(label => (label.Clip, label.Cell, label.Dimension)).Distinct().Count());
        foreach (string line in File.ReadLines(Path.Combine(Output, LabelRun.LabelsFile)))
        {
            JsonNode row = JsonNode.Parse(line)!;
            Assert.True(row["unanswered"] is null ? row["value"]!.GetValue<double>() is >= 1 and <= 5 : row["value"] is null, line);
        }

        Assert.Contains(labels, label => label.Unanswered == "refused");
        Assert.InRange(labels.Count(label => label.Unanswered == "refused"), 1, labels.Length / 5);

        // The ledger says no less than the service charged.
        ChargedRequest[] charged = ChargedLog.Read(LogPath);
        Assert.Contains(charged, request => request.Fault == Fault.Timeout);
        decimal ledger = Report()["dollars"]!.GetValue<decimal>();
        Assert.True(ledger >= charged.Sum(request => request.Dollars), $"{ledger} < {charged.Sum(request => request.Dollars)}");

        // Asked again after a good answer was on its way: only what was in flight when it was killed. Timeouts and drops were charged and lost.
        int answersTwice = charged.Where(request => request.Fault is Fault.None or Fault.Refusal).GroupBy(request => request.Body).Sum(same => same.Count() - 1);
        int lost = charged.Count(request => request.Fault is Fault.Timeout or Fault.Dropped);
        Assert.True(answersTwice <= InFlight * kills, $"{answersTwice} good answers were asked for twice");
        Assert.Equal(total, charged.Select(request => request.Body).Distinct().Count());
        int notAnswered = charged.Count(request => request.Fault is not (Fault.None or Fault.Refusal or Fault.Timeout or Fault.Dropped));
        Assert.True(charged.Length - total - notAnswered <= (InFlight * kills) + lost, $"{charged.Length - total - notAnswered} repeats");

        // Spent and reserved never exceeded the budget, at any reservation of any run.
        using (SqliteConnection connection = new($"Data Source={Path.Combine(Output, LabelRun.LedgerFile)};Mode=ReadOnly;Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "SELECT max(committed), min(budget), count(*) FROM attempts";
            using SqliteDataReader row = command.ExecuteReader();
            Assert.True(row.Read());
            Assert.InRange(row.GetInt64(0), 1, (long)(Budget * 1_000_000_000m));
            Assert.Equal((long)(Budget * 1_000_000_000m), row.GetInt64(1));
            Assert.True(row.GetInt64(2) >= charged.Length);
        }

        // A second run makes no request and writes the same bytes, and so does a reviewer without key and endpoint.
        string hash = FileHash.Of(Path.Combine(Output, LabelRun.LabelsFile));
        Assert.Equal(0, await Finish(arguments));
        Assert.Equal(hash, FileHash.Of(Path.Combine(Output, LabelRun.LabelsFile)));
        _server!.Kill();
        await _server.WaitForExitAsync(Cancellation);
        BufferedCommandResult replay = await HaloLabProgram.Run([.. arguments.Where(argument => argument is not ("--budget" or "60")), "--replay-only"]);
        Assert.True(replay.IsSuccess, replay.StandardError);
        Assert.Equal(hash, FileHash.Of(Path.Combine(Output, LabelRun.LabelsFile)));
        Assert.Equal(charged.Length, ChargedLog.Read(LogPath).Length);

        // Other settings are another folder.
        BufferedCommandResult other = await HaloLabProgram.Run([.. arguments, "--temperature", "1", "--replay-only"]);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("begun with temperature", other.StandardError, StringComparison.Ordinal);

        AssertNoKey();
    }

    private void AssertNoKey()
    {
        byte[] key = Encoding.UTF8.GetBytes(Key);
        foreach (string file in Directory.GetFiles(_folder, "*", SearchOption.AllDirectories))
        {
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(key) < 0, $"{file} holds the key");
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Answers one question for a token and says which resource it was for.</summary>
    private static async Task<string?> GiveToken(HttpListener machine)
    {
        HttpListenerContext context = await machine.GetContextAsync();
        byte[] answer = JsonSerializer.SerializeToUtf8Bytes(new { access_token = Key, expires_on = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), resource = "r", token_type = "Bearer" });
        context.Response.ContentType = "application/json";
        context.Response.OutputStream.Write(answer);
        context.Response.Close();
        return context.Request.QueryString["resource"];
    }

    private string[] Arguments(string clips, Uri address, int requestsPerClip, params string[] more)
    {
        string grid = requestsPerClip switch { 8 => "4x4x4", 30 => "2x3x5", 50 => "2x5x5", _ => throw new ArgumentOutOfRangeException(nameof(requestsPerClip)) };
        string patches = requestsPerClip == 8 ? "8" : "1";
        return
        [
            "label", clips, "--prompts", Path.Combine(clips, "prompts.jsonl"), "--grid", grid, "--patches-per-request", patches, "--repeat-share", "0", "--duplicate-share", "0",
            "--longest-side", "64", "--endpoint", address + "v1", "--model", "simulated", "--budget", "60", "--out", Output, .. more,
        ];
    }

    private string Clips(int count)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, "clips")).FullName;
        StringBuilder prompts = new();
        ToyCaption[] captions = ToyClips.Captions(count);
        for (int i = 0; i < count; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"clip-{i}.png"), Apng.Encode(ToyClips.Damaged(captions[i], i).Clip));
            prompts.AppendLine(JsonSerializer.Serialize(new { clip = $"clip-{i}.png", prompt = captions[i].ToString() }));
        }

        File.WriteAllText(Path.Combine(folder, "prompts.jsonl"), prompts.ToString());
        return folder;
    }

    private async Task<Uri> Serve(params string[] arguments)
    {
        _server = Start(["teacher", "serve-simulated", "--log", LogPath, .. arguments]);
        string? address = await _server.StandardOutput.ReadLineAsync(Cancellation);
        return new Uri(address ?? throw new InvalidOperationException(await _server.StandardError.ReadToEndAsync(Cancellation)));
    }

    private static Process Start(string[] arguments)
    {
        ProcessStartInfo info = HaloLabProgram.Interruptible(arguments);
        info.Environment["OPENAI_API_KEY"] = Key;
        info.Environment["HALOLAB_SIMULATED_KEY"] = Key;
        return Process.Start(info)!;
    }

    private static async Task<int> Finish(string[] arguments)
    {
        using Process run = Start(arguments);
        Task<string> output = run.StandardOutput.ReadToEndAsync(Cancellation);
        string errors = await run.StandardError.ReadToEndAsync(Cancellation);
        await run.WaitForExitAsync(Cancellation);
        Assert.True(run.ExitCode == 0, $"exit code {run.ExitCode}: {errors}");
        Assert.DoesNotContain(Key, errors + await output, StringComparison.Ordinal);
        return run.ExitCode;
    }

    private static async Task Until(Func<bool> holds)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(5), "nothing happened");
            await Task.Delay(20, Cancellation);
        }
    }

    private JsonObject Report() => JsonNode.Parse(File.ReadAllText(Path.Combine(Output, LabelRun.ReportFile)))!.AsObject();
}
