using System.Text.Json.Nodes;
using HaloLab.Models.Layers;
using HaloLab.Optimisation;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace HaloLab.Tests.Optimisation;

public sealed class OptimisationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-optimisation").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TwoStepsEqualTheUpdateByHand()
    {
        using var scope = NewDisposeScope();
        Parameter weight = new(tensor(new[] { 1.0f, -2.0f }));
        FlatParameters parameters = new([("weight", weight)]);
        AdamW optimiser = new(parameters, new AdamWOptions(WeightDecay: 0.1, MaximumGradientNorm: 5));
        double[] expected = [1.0, -2.0];
        double[] m = new double[2];
        double[] v = new double[2];
        double[][] gradients = [[3.0, 4.0], [6.0, 8.0]];
        for (int step = 1; step <= 2; step++)
        {
            double[] gradient = gradients[step - 1];
            double norm = Math.Sqrt(gradient.Sum(value => value * value));
            double scale = Math.Min(1.0, 5.0 / (norm + 1e-6));
            (weight * tensor(gradient.Select(value => (float)value).ToArray())).sum().backward();
            Assert.Equal(norm, optimiser.Step(0.01), 1e-5);
            for (int i = 0; i < 2; i++)
            {
                double clipped = gradient[i] * scale;
                m[i] = (0.9 * m[i]) + (0.1 * clipped);
                v[i] = (0.999 * v[i]) + (0.001 * clipped * clipped);
                expected[i] *= 1.0 - (0.01 * 0.1);
                expected[i] -= 0.01 * (m[i] / (1 - Math.Pow(0.9, step))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.999, step))) + 1e-8);
            }
        }

        Assert.Equal(0, weight.grad!.abs().sum().item<float>());
        Assert.Equal(expected[0], weight[0].item<float>(), 1e-6);
        Assert.Equal(expected[1], weight[1].item<float>(), 1e-6);
    }

    [Fact]
    public void AResumedRunContinuesBitForBit()
    {
        string path = Path.Combine(_folder, "state.safetensors");
        using Run straight = new("same");
        straight.Train(0, 12);
        using Run first = new("same");
        first.Train(0, 5);
        first.State.Save(path, metricsBytes: 77);
        using Run second = new("same");
        Assert.Equal(77, second.State.Restore(path));
        second.Train(5, 12);
        TensorAssert.Identical(straight.Layer.weight, second.Layer.weight);
        TensorAssert.Identical(straight.Average.Values, second.Average.Values);
        Assert.Equal(12, second.Optimiser.Steps);
    }

    [Fact]
    public void AnotherTrainingsCheckpointIsRefused()
    {
        string path = Path.Combine(_folder, "state.safetensors");
        using Run first = new("one");
        first.State.Save(path);
        using Run second = new("two");
        Assert.Contains("'one', expected 'two'", Assert.Throws<InputException>(() => second.State.Restore(path)).Message, StringComparison.Ordinal);
        Assert.Null(second.State.Restore(Path.Combine(_folder, "none.safetensors")));
    }

    [Fact]
    public void ACheckpointWithAnyFlippedBitIsRefused()
    {
        string path = Path.Combine(_folder, "state.safetensors");
        using Run run = new("flipped");
        run.Train(0, 3);
        run.State.Save(path, metricsBytes: 5);
        byte[] whole = File.ReadAllBytes(path);
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] flipped = [.. whole];
            flipped[i] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(path, flipped);
            Assert.Contains("Delete it to start over", Assert.Throws<InputException>(() => run.State.Restore(path)).Message, StringComparison.Ordinal);
        }

        File.WriteAllBytes(path, whole);
        Assert.Equal(5, run.State.Restore(path));
    }

    [Fact]
    public void TheCheckpointBeforeABrokenOneLosesOnlyTheStepsBetween()
    {
        string path = Path.Combine(_folder, "state.safetensors");
        using Run straight = new("two");
        straight.Train(0, 9);
        using Run first = new("two");
        first.Train(0, 4);
        first.State.Save(path, metricsBytes: 40);
        first.Train(4, 7);
        first.State.Save(path, metricsBytes: 70);
        byte[] spoilt = File.ReadAllBytes(path);
        spoilt[^1] ^= 1;
        File.WriteAllBytes(path, spoilt);
        using Run second = new("two");
        Assert.Contains("checksum", Assert.Throws<InputException>(() => second.State.Restore(path)).Message, StringComparison.Ordinal);
        File.Delete(path);
        Assert.Equal(40, second.State.Restore(path));
        Assert.Equal(4, second.Optimiser.Steps);
        second.Train(4, 9);
        TensorAssert.Identical(straight.Layer.weight, second.Layer.weight);
    }

    [Fact]
    public void ParametersAndGradientsAreViewsOfTheFlatVectors()
    {
        using Linear layer = new(3, 2, hasBias: true);
        using (FlatParameters parameters = new(layer.named_parameters()))
        {
            using (no_grad())
            {
                parameters.Values.fill_(2);
            }

            Assert.Equal(12, layer.weight.sum().item<float>());
            for (int i = 1; i <= 2; i++)
            {
                (layer.weight.sum() + (3 * layer.bias!.sum())).backward();
                Assert.Equal(i * (6 + 6), parameters.Gradients.sum().item<float>());
            }

            parameters.ClearGradients();
            Assert.Equal(0, layer.weight.grad!.abs().sum().item<float>());
            Assert.Equal([1f, 1f], parameters.ByName(ones_like(parameters.Values)).Single(item => item.Key == "bias").Value.data<float>().ToArray());
        }

        Assert.Null(layer.weight.grad);
        Assert.Equal(12, layer.weight.sum().item<float>());
    }

    [Fact]
    public void ParametersOfHalfPrecisionAreRoundedFromTheirMasterCopy()
    {
        using Parameter weight = new(tensor(new[] { 1.0f, 2.0f }).to(ScalarType.BFloat16));
        using FlatParameters parameters = new([("weight", weight)]);
        using AdamW optimiser = new(parameters, new AdamWOptions(WeightDecay: 0));

        // Below 1, bfloat16 has steps of 1/256: a thousandth is less than half of one, so that only the master copy moves; three thousandths are more.
        foreach ((int steps, float rounded) in new[] { (1, 1f), (3, 1 - (1f / 256)) })
        {
            while (optimiser.Steps < steps)
            {
                weight.sum().backward();
                optimiser.Step(1e-3);
            }

            Assert.Equal(1 - (steps * 1e-3), parameters.Values[0].item<float>(), 1e-5);
            Assert.Equal(rounded, weight[0].to(ScalarType.Float32).item<float>());
        }

        Assert.Null(weight.grad);
    }

    [Fact]
    public void LiveTensorsStayConstant()
    {
        using Run run = new("count");
        run.Train(0, 3);
        long before = LiveTensors.CountSettled();
        run.Train(3, 50);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void AnInterruptedLoopGoesOnWithTheSameMetricsAndWeights()
    {
        string straightFolder = Path.Combine(_folder, "straight");
        string brokenFolder = Path.Combine(_folder, "broken");
        using Run straight = new("loop");
        straight.Loop(straightFolder, 9, _ => { });
        using Run first = new("loop");
        Assert.Throws<OperationCanceledException>(() => first.Loop(brokenFolder, 9, done =>
        {
            if (done == 4)
            {
                throw new OperationCanceledException();
            }
        }));

        // What a kill leaves behind: lines of steps that no checkpoint knows.
        File.AppendAllText(Path.Combine(brokenFolder, "metrics.jsonl"), "{\"step\":4,\"loss\":1}\n{\"st");
        using Run second = new("loop");
        second.Loop(brokenFolder, 9, _ => { });
        TensorAssert.Identical(straight.Layer.weight, second.Layer.weight);
        string[] lines = File.ReadAllLines(Path.Combine(brokenFolder, "metrics.jsonl"));
        Assert.Equal(9, lines.Length);
        Assert.Equal(File.ReadAllLines(Path.Combine(straightFolder, "metrics.jsonl")), lines);
    }

    [Fact]
    public void ALossThatIsNotANumberStopsTheLoop()
    {
        using Run run = new("nan");
        TrainingLoop loop = new(_folder, run.State, run.Optimiser);
        DivergenceException exception = Assert.Throws<DivergenceException>(() => loop.Run(3, _ => new JsonObject { ["loss"] = double.NaN }, _ => { }));
        Assert.Contains("step 0", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void StepsThatAGuardFindsUnsoundAreNotKept()
    {
        using Run run = new("guarded");
        JsonObject Step(long step) => new() { ["loss"] = run.Step(step) };
        void StopAfter(long stop, long done)
        {
            if (done == stop)
            {
                throw new OperationCanceledException();
            }
        }

        Guard guard = new(unsound: 6, last: 8);
        Assert.Throws<OperationCanceledException>(() => new TrainingLoop(_folder, run.State, run.Optimiser, guard).Run(20, Step, done => StopAfter(4, done)));
        using Run second = new("guarded");
        Assert.Throws<OperationCanceledException>(() => new TrainingLoop(_folder, second.State, second.Optimiser, new Guard(6, 8)).Run(20, step => new() { ["loss"] = second.Step(step) }, done => StopAfter(7, done)));

        // Step 6 was unsound, so what is kept is still the state after step 3; a guard that begins anew sees those steps first.
        using Run third = new("guarded");
        Guard last = new(6, 8);
        Assert.Throws<DivergenceException>(() => new TrainingLoop(_folder, third.State, third.Optimiser, last).Run(20, step => new() { ["loss"] = third.Step(step) }, _ => { }));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8], last.Seen);
        using Run after = new("guarded");
        after.State.Restore(Path.Combine(_folder, TrainingLoop.CheckpointFile));
        Assert.Equal(4, after.Optimiser.Steps);
    }

    [Fact]
    public void SchedulesHaveTheirCorners()
    {
        Assert.Equal([0.0, 0.5, 1.0, 1.0], Enumerable.Range(0, 4).Select(step => LearningRateSchedule.WarmUp(1.0, 2, step)));
        Assert.Equal(1.0, LearningRateSchedule.WarmUp(1.0, 0, 0));
        Assert.Equal([0.0, 1.0, 0.5, 0.0], new[] { 0, 4, 12, 20 }.Select(step => Math.Round(LearningRateSchedule.WarmUpCosine(1.0, 4, 20, step), 12)));
    }

    private sealed class Guard(long unsound, long last) : ITrainingGuard
    {
        public List<long> Seen { get; } = [];

        public bool IsSound { get; private set; } = true;

        public void See(JsonObject line)
        {
            long step = line["step"]!.GetValue<long>();
            Seen.Add(step);
            IsSound = step < unsound;
            if (step == last)
            {
                throw new DivergenceException(step, "it is the last", "Nothing helps.");
            }
        }
    }

    private sealed class Run : IDisposable
    {
        public Run(string identity)
        {
            using (no_grad())
            {
                Layer.weight.copy_(arange(6, dtype: float32).reshape(2, 3) / 10);
            }

            Parameters = new FlatParameters(Layer.named_parameters().Select(item => (item.name, item.parameter)));
            Optimiser = new AdamW(Parameters, new AdamWOptions());
            Average = new ExponentialMovingAverage(Parameters, 0.9);
            State = new TrainingState(Parameters, Optimiser, Average, identity);
        }

        public Linear Layer { get; } = new(3, 2);

        public FlatParameters Parameters { get; }

        public AdamW Optimiser { get; }

        public ExponentialMovingAverage Average { get; }

        public TrainingState State { get; }

        public void Train(int from, int to)
        {
            for (int step = from; step < to; step++)
            {
                Step(step);
            }
        }

        public void Loop(string folder, long steps, Action<long> advanced) =>
            new TrainingLoop(folder, State, Optimiser).Run(steps, step => new JsonObject { ["loss"] = Step(step) }, advanced);

        public double Step(long step)
        {
            using var scope = NewDisposeScope();
            Tensor input = tensor(new[] { step, 1.0f, -step }).reshape(1, 3);
            Tensor loss = Layer.forward(input).square().mean();
            loss.backward();
            Optimiser.Step(LearningRateSchedule.WarmUp(0.01, 4, step));
            Average.Update();
            return loss.item<float>();
        }

        public void Dispose()
        {
            Average.Dispose();
            Optimiser.Dispose();
            Parameters.Dispose();
            Layer.Dispose();
        }
    }
}
