using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Optimisation;
using HaloLab.Tests.GranDpo;
using static TorchSharp.torch;

namespace HaloLab.Tests.Optimisation;

/// <summary>What is recorded of the steps of a small training.</summary>
public sealed class StepProfileTests : IDisposable
{
    private static readonly string[] Ends = ["metrics", "gradient clipping", "optimiser", "moving average", "log and guard", "report"];

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-profile").FullName;

    private string TracePath => Path.Combine(_folder, "profile.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ATraceHasThePhasesOfTheRecordedStepsAndChangesNothing(bool isTwoPass)
    {
        GranDpoTrainerOptions options = TinyPairs.Options() with { Steps = 8, LoraRank = 2, Reference = ReferenceMode.Computed, AverageDecay = 0.9, TwoPass = isTwoPass };
        string plain = Train("plain", options, profile: null);
        StepProfile profile = new(TracePath, 3);
        string recorded = Train("recorded", options, profile);
        foreach (string file in new[] { "adapter_model.safetensors", TrainingLoop.MetricsFile, TrainingLoop.CheckpointFile })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(plain, file)), File.ReadAllBytes(Path.Combine(recorded, file)));
        }

        Assert.Equal([2, 3, 4], profile.Steps);
        TraceFile trace = new(TracePath);
        Assert.Equal([0], trace.Processes);
        TraceFile.Span[] steps = [.. trace.Spans.Where(span => span.Name == "step")];
        Assert.Equal([2, 3, 4], steps.Select(step => step.Step));
        string[] before = isTwoPass ? ["first pass", "loss", "backward", "second pass", "all-reduce"] : ["forward", "loss", "backward", "all-reduce"];
        Assert.All(steps, step => Assert.Equal(["batch", "reference", .. before, .. Ends], step.Parts.Select(part => part.Name)));

        // One clip after the other.
        string[] ofClips = [.. steps.SelectMany(step => step.Parts).SelectMany(phase => phase.Parts).Select(part => part.Name)];
        Assert.Equal(isTwoPass ? Enumerable.Repeat<string[]>(["forward", "backward", "memory given back"], 3 * 2 * options.BatchPairs).SelectMany(names => names) : [], ofClips);

        // The table is what the trace says.
        IReadOnlyList<PhaseTime> table = profile.Phases();
        PhaseTime whole = table[0];
        Assert.Equal(("step", 0, 3, 1.0), (whole.Name, whole.Depth, whole.Steps, whole.Share));
        Assert.Equal(steps.Select(step => step.Duration).Order().ElementAt(1) / 1e3, whole.MedianMilliseconds, 1e-6);
        Assert.Equal(1, table.Where(phase => phase.Depth == 1).Sum(phase => phase.Share), 1e-9);
        PhaseTime metrics = table.Single(phase => phase.Name == "metrics");
        double[] times = [.. trace.Spans.Where(span => span.Name == "metrics").Select(span => span.Duration)];
        Assert.Equal(times.Sum() / steps.Sum(step => step.Duration), metrics.Share, 1e-9);
        if (isTwoPass)
        {
            PhaseTime ofAllClips = table.Single(phase => phase.Name == "backward" && phase.Depth == 2);
            double[] sums = [.. steps.Select(step => step.Parts.Single(part => part.Name == "second pass").Parts.Where(part => part.Name == "backward").Sum(part => part.Duration))];
            Assert.Equal(sums.Order().ElementAt(1) / 1e3, ofAllClips.MedianMilliseconds, 1e-6);
        }
    }

    [Fact]
    public void ATrainingThatEndsSoonerHasFewerStepsOrNone()
    {
        GranDpoTrainerOptions options = TinyPairs.Options() with { Steps = StepProfile.WarmUpSteps };
        StepProfile none = new(TracePath, 1);
        Train("none", options, none);
        Assert.Empty(none.Steps);
        Assert.Empty(none.Phases());
        Assert.False(File.Exists(TracePath));

        StepProfile one = new(TracePath, 5);
        Train("one", options with { Steps = StepProfile.WarmUpSteps + 1 }, one);
        Assert.Equal([StepProfile.WarmUpSteps], one.Steps);

        // The last save is a part of the last step.
        Assert.Equal("checkpoint", Assert.Single(new TraceFile(TracePath).Spans, span => span.Name == "step").Parts[^1].Name);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public void AnotherNumberOfStepsIsRefused(int steps) => Assert.Contains($"--profile {steps}: expected 1 to 100 steps", Assert.Throws<InputException>(() => new StepProfile(TracePath, steps)).Message, StringComparison.Ordinal);

    [Fact]
    public void NothingIsKeptOfAStep()
    {
        StepProfile profile = new(TracePath, 2);
        long before = LiveTensors.CountSettled();
        for (long step = 0; step < 5; step++)
        {
            profile.BeginStep(step);
            profile.Phase("work");
            using Tensor work = ones(3);
        }

        profile.Finish();
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Equal(2, new TraceFile(TracePath).Spans.Count(span => span.Name == "work"));
    }

    private string Train(string name, GranDpoTrainerOptions options, StepProfile? profile)
    {
        string folder = Path.Combine(_folder, name);
        using TrainingPairs pairs = TinyPairs.Create();
        using TinyDenoiser model = new();
        using GranDpoTrainer trainer = new(model, model, new FlowMatchingTarget(), pairs, options, folder + "-cache", profile: profile);
        trainer.Run(folder, cancellation: TestContext.Current.CancellationToken);
        return folder;
    }
}
