using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Annotation;
using HaloLab.Preferences.Labels;
using HaloLab.Statistics;
using HaloLab.Tests.Cli;
using HaloLab.Tests.Videos;

namespace HaloLab.Tests.Annotation;

/// <summary>Several annotators at once against the program as a user runs it, killed with SIGKILL while they answer: nothing is lost, nothing is doubled.</summary>
public sealed class AnnotationLoadTests : IAsyncDisposable
{
    private const int Annotators = 8;

    private readonly AnnotationFolder _folder = new();
    private Process? _server;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync()
    {
        Kill();
        return _folder.DisposeAsync();
    }

    /// <summary>100 labels each, one kill. The long form has 500 and three kills.</summary>
    [Fact]
    public Task EightAnnotatorsLoseAndDoubleNothingWhenTheServerIsKilled() => KillAndGoOn(clips: 2, kills: 1);

    [Fact]
    [Trait("Category", "Long")]
    public Task EightAnnotatorsOfFiveHundredLabelsLoseAndDoubleNothing() => KillAndGoOn(clips: 10, kills: 3);

    private async Task KillAndGoOn(int clips, int kills)
    {
        Ffmpeg.Require();

        // 5×3×3 patches and five questions about the whole video: 50 labels a clip.
        _folder.WithClips(clips);
        string[] ids = [.. Enumerable.Range(1, Annotators).Select(i => $"simulated-{i}")];
        Uri address = await ServeAsync("0", ids);
        string port = address.Port.ToString(CultureInfo.InvariantCulture);
        int total = Annotators * clips * 50;
        Counter acknowledged = new();
        Task<int>[] work = [.. ids.Select((id, i) => Task.Run(() => AnswerAsync(address, id, i, acknowledged), Cancellation))];
        for (int kill = 0; kill < kills; kill++)
        {
            int moment = (int)(total * (kill + 0.3 + (0.4 * new RandomStream(1, "kills of the annotation test", kill).NextDouble())) / kills);
            while (acknowledged.Value < moment)
            {
                await Task.Delay(2, Cancellation);
                Assert.DoesNotContain(work, one => one.IsFaulted);
            }

            Kill();
            Assert.True(acknowledged.Value < total, "all was answered before the server could be killed");
            address = await ServeAsync(port, ids);
        }

        int resent = (await Task.WhenAll(work)).Sum();
        Assert.True(resent > 0, "nobody noticed that the server was killed");
        await InterruptAsync(clips);

        // Every annotator's every answer is there once, and says what it said last.
        using LabelStore store = LabelStore.Open(_folder.StorePath);
        StoredLabel[] labels = [.. store.Read(LabelQuery.All)];
        Assert.Equal(total, labels.Length);
        Assert.Equal(total, labels.Select(stored => (stored.Label.Annotator, stored.Label.ResponseId, stored.Label.Dimension, stored.Label.Cell)).Distinct().Count());
        Assert.All(labels, stored => Assert.Equal(AnnotatorKind.Simulated, stored.Label.AnnotatorKind));
        Assert.All(labels, stored => Assert.Equal(GradeOf(stored.Label.Annotator, stored.Label.ResponseId!, stored.Label.Dimension, stored.Label.Cell ?? -1, isSecond: stored.Revision == 1), (int)stored.Label.Value!));

        // One answer in ten was corrected once, no other, and no act was written twice.
        StoredLabel[] all = [.. store.Read(LabelQuery.All with { WithSuperseded = true })];
        Assert.Equal(all.Length - total, labels.Count(stored => stored.Revision == 1));
        Assert.All(labels, stored => Assert.InRange(stored.Revision, 0, 1));
        Assert.InRange(all.Length, total + 1, total + (total / 5));
        foreach (string id in ids)
        {
            Assert.Equal(clips * 50, labels.Count(stored => stored.Label.Annotator == id));
        }
    }

    /// <summary>One annotator: label after label, now and then a correction, now and then a reload that must show all that was acknowledged.</summary>
    private async Task<int> AnswerAsync(Uri address, string id, int number, Counter acknowledged)
    {
        using AnnotationClient client = new(address, id, AnnotationServer.TokenOf(AnnotationFolder.Secret, id), TimeSpan.FromSeconds(60));
        RandomStream stream = new(1, "annotator of the load test", number);
        JsonObject study = await client.StudyAsync(Cancellation);
        Assert.True((bool)study["isSimulated"]!);
        string[] dimensions = [.. study["videoQuestions"]!.AsArray().Select(question => (string)question!["dimension"]!)];
        int act = 0;
        foreach (JsonNode? listed in await client.ItemsAsync(Cancellation))
        {
            string item = (string)listed!["id"]!;
            int said = 0;
            foreach ((string dimension, int cell) in Enumerable.Range(0, 45).Select(cell => ("local defect", cell)).Concat(dimensions.Select(dimension => (dimension, -1))))
            {
                int revisions = stream.NextDouble() < 0.1 ? 2 : 1;
                for (int revision = 0; revision < revisions; revision++)
                {
                    int grade = GradeOf(id, $"annotation {item}", dimension, cell, revision == 1);
                    AnnotationAct.SaidAnswer answer = new(dimension, cell < 0 ? null : [cell], grade);
                    await client.SendAsync(new AnnotationAct { Id = string.Create(CultureInfo.InvariantCulture, $"act-{number}-{act++:00000}"), Item = item, Answers = [answer] }, Cancellation);
                    if (revision == 0)
                    {
                        acknowledged.Add();
                    }
                }

                said++;
                if (stream.NextDouble() < 0.05)
                {
                    JsonObject reloaded = await client.ItemAsync(item, Cancellation);
                    Assert.Equal(said, reloaded["answers"]!.AsArray().Count);
                }
            }

            Assert.True((bool)(await client.ItemAsync(item, Cancellation))["isDone"]!);
        }

        return client.Resent;
    }

    private static int GradeOf(string annotator, string response, string dimension, int cell, bool isSecond)
    {
        int grade = new RandomStream(7, $"{annotator}/{response}/{dimension}", cell + 1).Next(5);
        return 1 + (isSecond ? (grade + 1) % 5 : grade);
    }

    private async Task<Uri> ServeAsync(string port, string[] ids)
    {
        ProcessStartInfo start = HaloLabProgram.Interruptible(
            "annotate", _folder.Clips, "--prompts", Path.Combine(_folder.Clips, "prompts.jsonl"), "--grid", "5x3x3", "--store", _folder.StorePath, "--annotators", string.Join(',', ids), "--port", port);
        start.Environment[AnnotationServerOptions.TokenVariable] = AnnotationFolder.Secret;
        _server = Process.Start(start)!;
        string line = await _server.StandardOutput.ReadLineAsync(Cancellation) ?? throw new InvalidOperationException(await _server.StandardError.ReadToEndAsync(Cancellation));
        return new Uri(new Uri(line[(line.IndexOf("http", StringComparison.Ordinal))..]).GetLeftPart(UriPartial.Authority));
    }

    /// <summary>Ctrl-C ends the server with how far everybody is.</summary>
    private async Task InterruptAsync(int clips)
    {
        using (Process kill = Process.Start("kill", ["-INT", _server!.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(Cancellation);
        }

        string errors = await _server.StandardError.ReadToEndAsync(Cancellation);
        await _server.WaitForExitAsync(Cancellation);
        Assert.Equal(130, _server.ExitCode);
        Assert.Contains($"simulated-{Annotators}: {clips} of {clips} items done", errors, StringComparison.Ordinal);
    }

    private void Kill()
    {
        if (_server is not null)
        {
            _server.Kill();
            _server.WaitForExit();
            _server.Dispose();
            _server = null;
        }
    }

    private sealed class Counter
    {
        private int _value;

        public int Value => Volatile.Read(ref _value);

        public void Add() => Interlocked.Increment(ref _value);
    }
}
