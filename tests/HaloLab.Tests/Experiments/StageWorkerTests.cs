using System.Diagnostics;
using System.IO.Pipes;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Experiments;

namespace HaloLab.Tests.Experiments;

/// <summary>Stages that processes compute beside each other: both sides of what they say to each other, the other side made up.</summary>
public sealed class StageWorkerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-workers-").FullName;
    private readonly List<string> _said = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AWorkerComputesWhatItIsAskedForAndTheCallerReadsIt()
    {
        Stage first = Named("first");
        Stage second = new("second", 1, [], [first], 1, context =>
        {
            context.Report(1, 2);
            File.Copy(context.Input("first", "name.txt"), context.PathOf("name.txt"));
        });
        StageAnswer[] answers = await Serve([second], new StageRequest(0, RunStore.KeyOf(first, new Dictionary<string, string>()), []));
        StageResult made = answers[^1].Result!;
        Assert.Equal(("first", "first"), (made.Name, await File.ReadAllTextAsync(Path.Combine(made.Folder, "name.txt"), Cancellation)));

        answers = await Serve([second], new StageRequest(1, RunStore.KeyOf(second, new Dictionary<string, string> { ["first"] = made.OutputHash }), [made]));
        Assert.StartsWith("second-", Path.GetFileName(answers[0].Folder), StringComparison.Ordinal);
        Assert.Equal(0.5, answers[1].Share);
        Assert.Equal([made.OutputHash, made.OutputHash], new RunStore(_folder).Find([second])!.Select(result => result.OutputHash));
        Assert.Equal(answers[2].Result!.OutputHash, made.OutputHash);
    }

    [Fact]
    public async Task AWorkerThatKnowsOtherStagesRefuses()
    {
        InputException refused = await Assert.ThrowsAsync<InputException>(() => Serve([Named("first")], new StageRequest(0, RunStore.KeyOf(Named("other"), new Dictionary<string, string>()), [])));
        Assert.Contains("changed meanwhile", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatFailsIsAnsweredAndAWorkerStopsWhenRequestsEnd()
    {
        Stage broken = new("broken", 1, [], [], 1, _ => throw new InputException("No such clip."));
        Assert.Equal("No such clip.", (await Serve([broken], new StageRequest(0, RunStore.KeyOf(broken, new Dictionary<string, string>()), [])))[^1].Error);

        // A reader that is at its end: the process that asked is gone.
        Stage endless = new("endless", 1, [], [], 1, context =>
        {
            context.Cancellation.WaitHandle.WaitOne();
            context.Report(0, 1);
        });
        string request = JsonSerializer.Serialize(new StageRequest(0, RunStore.KeyOf(endless, new Dictionary<string, string>()), []));
        using StringReader requests = new(request);
        Assert.Throws<OperationCanceledException>(() => StageWorker.Serve(new RunStore(_folder), [endless], requests, TextWriter.Null, Cancellation));
    }

    [Fact]
    public void AWorkerThatIsKilledIsReplacedAndAStageThatKillsThreeFailsAlone()
    {
        Stage kills = Named("kills");
        Stage needs = new("needs", 1, [], [kills], 1, _ => { });
        Stage fails = Named("fails");

        // Of the stages in order the first ends the worker's process.
        IReadOnlyList<(IReadOnlyList<StageResult> Stages, string? Error)> ends = Run("while read -r line; do case $line in *'\"Stage\":0,'*) kill -9 $$;; *) echo '{\"Error\":\"refused\"}';; esac; done", needs, fails, kills);
        Assert.All(ends, end => Assert.Empty(end.Stages));
        Assert.Contains("kills was ended 3 times, the last time by signal 9", ends[0].Error, StringComparison.Ordinal);
        Assert.Equal(ends[0].Error, ends[2].Error);
        Assert.Equal("refused", ends[1].Error);
        Assert.Equal(3, _said.Count(line => line.Contains("was ended by signal 9", StringComparison.Ordinal)));
    }

    [Fact]
    public void AWorkerThatCannotBeginEndsTheRunAndWhatItSaidIsSaid()
    {
        InputException refused = Assert.Throws<InputException>(() => Run("echo 'no checkpoints here' >&2; exit 2", Named("first"), Named("second")));
        Assert.Contains("exit code 2", refused.Message, StringComparison.Ordinal);
        Assert.Contains(_said, line => line.EndsWith(": no checkpoints here", StringComparison.Ordinal));
    }

    private static Stage Named(string name) => new(name, 1, new JsonObject { ["seed"] = 1 }, [], 1, context => File.WriteAllText(context.PathOf("name.txt"), name));

    private static ProcessStartInfo Shell(string script) => new("sh", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };

    private IReadOnlyList<(IReadOnlyList<StageResult> Stages, string? Error)> Run(string script, params Stage[] goals) =>
        new RunStore(_folder).Run([.. goals.Select(goal => ("goal", goal))], new StageWorkers(2, Shell(script), _said.Add), new LineProgress(TextWriter.Null), Cancellation);

    /// <summary>Asks, waits for the last answer, and only then ends the requests.</summary>
    private async Task<StageAnswer[]> Serve(Stage[] goals, StageRequest request)
    {
        using AnonymousPipeServerStream pipe = new(PipeDirection.Out);
        using StreamReader requests = new(new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle));
        using StreamWriter asks = new(pipe) { AutoFlush = true };
        await asks.WriteLineAsync(JsonSerializer.Serialize(request));
        using EndingWriter answers = new(asks.Dispose);
        StageWorker.Serve(new RunStore(_folder), goals, requests, answers, Cancellation);
        return [.. answers.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<StageAnswer>(line)!)];
    }

    /// <summary>Keeps what is written and does something after the last answer.</summary>
    private sealed class EndingWriter(Action atLast) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (JsonSerializer.Deserialize<StageAnswer>(value!) is { Result: not null } or { Error: not null })
            {
                atLast();
            }
        }
    }
}
