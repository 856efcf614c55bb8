using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Optimisation;

namespace HaloLab.Tests.Experiments;

public sealed class RunStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-store").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AStageIsComputedOnceAndReadAfterwards()
    {
        int calls = 0;
        Stage numbers = Numbers(() => calls++);
        Stage sum = Sum(numbers);
        RunStore store = new(_folder);
        IReadOnlyList<StageResult> first = Run(store, sum, numbers);
        IReadOnlyList<StageResult> second = Run(store, Sum(Numbers(() => calls++)));
        Assert.Equal(1, calls);
        Assert.Equal(["numbers", "sum"], first.Select(result => result.Name));
        Assert.All(first, result => Assert.False(result.WasRead));
        Assert.All(second, result => Assert.True(result.WasRead));
        Assert.Equal(first.Select(result => result.OutputHash), second.Select(result => result.OutputHash));
        Assert.Equal("6", File.ReadAllText(Path.Combine(second[1].Folder, "sum.txt")));
    }

    [Fact]
    public void TheCheckpointOfATrainingIsNoPartOfTheResult()
    {
        Stage training = new("training", 1, [], [], 1, context =>
        {
            File.WriteAllText(context.PathOf("weights"), "trained");
            File.WriteAllText(context.PathOf(TrainingLoop.CheckpointFile), "on the way");
        });
        StageResult result = Run(new RunStore(_folder), training).Single();
        Assert.Equal(["stage.json", "weights"], Directory.GetFiles(result.Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));

        // Killed before it was deleted.
        File.WriteAllText(Path.Combine(result.Folder, TrainingLoop.CheckpointFile), "on the way");
        StageResult again = Run(new RunStore(_folder), training).Single();
        Assert.Equal((true, result.OutputHash), (again.WasRead, again.OutputHash));
    }

    [Fact]
    public void AStoreIsHeldByOneRunAtATime()
    {
        Stage outer = new("outer", 1, [], [], 1, _ =>
        {
            InputException refused = Assert.Throws<InputException>(() => Run(new RunStore(_folder), Numbers(() => { })));
            Assert.Contains("another run", refused.Message, StringComparison.Ordinal);
        });
        Run(new RunStore(_folder), outer);
        Assert.Single(Run(new RunStore(_folder), Numbers(() => { })));
    }

    [Fact]
    public void AStoreGoesOnWithTheThreadsItWasBegunWith()
    {
        Run(new RunStore(_folder), Numbers(() => { }));
        ComputeRecord begun = ComputeRecord.Find(_folder)!;
        Assert.Equal(new ComputeRecord(Compute.Threads, "cpu"), begun);
        JsonFile.Write(Path.Combine(_folder, "compute.json"), begun with { Threads = begun.Threads + 1 });
        InputException refused = Assert.Throws<InputException>(() => Run(new RunStore(_folder), Numbers(() => { })));
        Assert.Contains($"--threads {begun.Threads + 1}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStageThatAnotherComputesIsWaitedForAndRead()
    {
        using ManualResetEventSlim begun = new();
        using ManualResetEventSlim mayEnd = new();
        int calls = 0;
        Stage slow = Numbers(() =>
        {
            calls++;
            begun.Set();
            mayEnd.Wait(Cancellation);
        });
        Task<StageResult> first = Task.Run(() => One(slow, Cancellation), Cancellation);
        begun.Wait(Cancellation);
        Task<StageResult> second = Task.Run(() => One(slow, Cancellation), Cancellation);

        // Whoever waits hears that it is to stop.
        using CancellationTokenSource impatient = new(TimeSpan.FromSeconds(0.5));
        await Assert.ThrowsAsync<OperationCanceledException>(() => Task.Run(() => One(slow, impatient.Token), Cancellation));
        Assert.False(second.IsCompleted);
        mayEnd.Set();
        Assert.False((await first).WasRead);
        Assert.True((await second).WasRead);
        Assert.Equal(1, calls);
        Assert.Equal((await first).OutputHash, (await second).OutputHash);
        Assert.Empty(Directory.GetFiles(_folder, "*.lock"));
    }

    [Fact]
    public void AStageThatFailedIsLetGo()
    {
        Stage fails = Numbers(() => throw new InvalidOperationException());
        Assert.Throws<InvalidOperationException>(() => One(fails, Cancellation));
        Assert.False(One(Numbers(() => { }), Cancellation).WasRead);
    }

    [Fact]
    public void OtherSettingsVersionOrInputsGiveAnotherKey()
    {
        Dictionary<string, string> inputs = new() { ["numbers"] = "aa" };
        Stage stage = Sum(Numbers(() => { }));
        string key = RunStore.KeyOf(stage, inputs);
        Assert.Equal(key, RunStore.KeyOf(stage, inputs));
        Assert.NotEqual(key, RunStore.KeyOf(stage with { Version = 2 }, inputs));
        Assert.NotEqual(key, RunStore.KeyOf(stage with { Settings = new JsonObject { ["seed"] = 2 } }, inputs));
        Assert.NotEqual(key, RunStore.KeyOf(stage, new Dictionary<string, string> { ["numbers"] = "ab" }));
    }

    [Fact]
    public void InterruptedWorkGoesOnInItsFolderAndNothingHalfDoneIsRead()
    {
        bool interrupt = true;
        Stage stage = new("steps", 1, [], [], 1, context =>
        {
            string path = context.PathOf("log.txt");
            int done = File.Exists(path) ? File.ReadAllLines(path).Length : 0;
            for (int step = done; step < 4; step++)
            {
                File.AppendAllText(path, $"step {step}\n");
                if (step == 1 && interrupt)
                {
                    throw new OperationCanceledException();
                }
            }
        });
        RunStore store = new(_folder);
        Assert.Throws<OperationCanceledException>(() => Run(store, stage));
        Assert.EndsWith(".partial", Assert.Single(Directory.GetDirectories(_folder)), StringComparison.Ordinal);
        interrupt = false;
        StageResult result = Run(store, stage)[0];
        Assert.Equal(["step 0", "step 1", "step 2", "step 3"], File.ReadAllLines(Path.Combine(result.Folder, "log.txt")));
        Assert.Equal(result.Folder, Assert.Single(Directory.GetDirectories(_folder)));
    }

    [Fact]
    public void AChangedResultIsRefusedByName()
    {
        RunStore store = new(_folder);
        Stage stage = Numbers(() => { });
        string path = Path.Combine(Run(store, stage)[0].Folder, "numbers.txt");
        File.WriteAllText(path, "1 2 4");
        Assert.Contains("numbers.txt", Assert.Throws<InputException>(() => Run(store, stage)).Message, StringComparison.Ordinal);
        File.Delete(path);
        Assert.Contains("numbers.txt", Assert.Throws<InputException>(() => Run(store, stage)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ProgressCountsDownOverAllStages()
    {
        RecordingProgress progress = new();
        Stage numbers = Numbers(() => { }) with { ExpectedSeconds = 30 };
        new RunStore(_folder).Run([Sum(numbers) with { ExpectedSeconds = 70 }], progress, CancellationToken.None);
        Assert.Equal(["start numbers", "finish numbers", "start sum", "finish sum"], progress.Events);
        Assert.InRange(progress.SecondsLeft[0], 99, 100);
        Assert.InRange(progress.SecondsLeft[1], 0, 70);
    }

    private static Stage Numbers(Action called) => new("numbers", 1, new JsonObject { ["seed"] = 1 }, [], 1, context =>
    {
        called();
        File.WriteAllText(context.PathOf("numbers.txt"), "1 2 3");
    });

    private static Stage Sum(Stage numbers) => new("sum", 1, [], [numbers], 1, context =>
        File.WriteAllText(context.PathOf("sum.txt"), File.ReadAllText(context.Input("numbers", "numbers.txt")).Split(' ').Sum(int.Parse).ToString()));

    private StageResult One(Stage stage, CancellationToken cancellation) => new RunStore(_folder).Run(stage, [], new RecordingProgress(), cancellation);

    private static IReadOnlyList<StageResult> Run(RunStore store, params Stage[] stages) => store.Run(stages, new RecordingProgress(), CancellationToken.None);

    private sealed class RecordingProgress : IRunProgress
    {
        public List<string> Events { get; } = [];

        public List<double> SecondsLeft { get; } = [];

        public void StageStarted(string name, string? folder, double secondsLeft)
        {
            Events.Add("start " + name);
            SecondsLeft.Add(secondsLeft);
        }

        public void StageAdvanced(string name, double share, double secondsLeft)
        {
        }

        public void StageFinished(StageResult result) => Events.Add("finish " + result.Name);
    }
}
