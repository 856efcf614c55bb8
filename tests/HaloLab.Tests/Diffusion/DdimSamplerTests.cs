using HaloLab.Diffusion;
using static TorchSharp.torch;

namespace HaloLab.Tests.Diffusion;

public class DdimSamplerTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(1001)]
    public void StepCountsWithoutTimestepsAreRefused(int steps) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new DdimSampler(NoiseSchedule.VideoCrafter2(), steps));

    [Fact]
    public void KnowingTheNoiseGivesTheCleanLatentsForBothTargetsFromAnyStep()
    {
        using var scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.VideoCrafter2();
        Tensor clean = full([1, 1, 1, 2, 2], 0.5f);
        Tensor noise = tensor([1f, -1, 2, 0]).view(1, 1, 1, 2, 2);
        foreach (PredictionTarget target in Enum.GetValues<PredictionTarget>())
        {
            DdimSampler sampler = new(schedule, 8, target: target);
            Tensor timesteps = tensor(new long[] { sampler.Steps[5].Timestep });
            Oracle oracle = new(timesteps => schedule.TargetOf(target, clean, noise, timesteps));
            Tensor sample = sampler.Sample(oracle, schedule.AddNoise(clean, noise, timesteps), zeros([1]), firstStep: 5);

            // The last step ends at timestep 0, where a little noise is left.
            Assert.Equal(3, oracle.Calls);
            Tensor expected = schedule.AddNoise(clean, noise, zeros([1], dtype: ScalarType.Int64));
            Assert.True((sample - expected).abs().max().item<float>() < 1e-5);
        }
    }

    [Fact]
    public void AScheduleThatEndsInNoiseIsSampledFromItsEnd()
    {
        using var scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.VideoCrafter2(scaled: false, endsInNoise: true);
        DdimSampler sampler = new(schedule, 12, target: PredictionTarget.Velocity);
        Tensor clean = full([1, 1, 1, 2, 2], 0.5f);
        Tensor noise = tensor([1f, -1, 2, 0]).view(1, 1, 1, 2, 2);
        Oracle oracle = new(timesteps => schedule.TargetOf(PredictionTarget.Velocity, clean, noise, timesteps));

        // At timestep 999 nothing of the clean latents is left: the start is the noise itself.
        Assert.Equal(noise, schedule.AddNoise(clean, noise, tensor(new long[] { NoiseSchedule.Timesteps - 1 })));
        Tensor sample = sampler.Sample(oracle, schedule.AddNoise(clean, noise, tensor(new long[] { sampler.Steps[0].Timestep })), zeros([1]));
        Tensor expected = schedule.AddNoise(clean, noise, zeros([1], dtype: ScalarType.Int64));
        Assert.True((sample - expected).abs().max().item<float>() < 1e-5);
    }

    [Fact]
    public void GuidanceGoesBeyondTheConditionalPrediction()
    {
        using var scope = NewDisposeScope();
        DdimSampler sampler = new(NoiseSchedule.VideoCrafter2(), 1);
        Tensor start = ones([1, 1, 1, 1, 1]);
        Tensor guided = sampler.Sample(new Echo(), start, full([1], 2f), new ClassifierFreeGuidance(full([1], 1f), 3));
        Tensor plain = sampler.Sample(new Echo(), start, full([1], 4f));
        Assert.Equal(plain.item<float>(), guided.item<float>());
    }

    [Fact]
    public void MissingNoiseOfARandomStepIsRefused() =>
        Assert.Throws<ArgumentNullException>(() => new DdimSampler(NoiseSchedule.VideoCrafter2(), 1, eta: 1).Sample(new Echo(), ones([1, 1, 1, 1, 1]), ones([1])));

    [Fact]
    public void SamplingLeavesOneTensorBehind()
    {
        using var scope = NewDisposeScope();
        DdimSampler sampler = new(NoiseSchedule.VideoCrafter2(), 20, eta: 1);
        Tensor start = ones([1, 1, 1, 1, 1]);
        Tensor context = ones([1]);
        long before = scope.DisposablesCount;
        sampler.Sample(new Echo(), start, context, new ClassifierFreeGuidance(context, 2), _ => ones([1, 1, 1, 1, 1]));
        Assert.Equal(before + 1, scope.DisposablesCount);
    }

    private sealed class Oracle(Func<Tensor, Tensor> answer) : IDenoiser
    {
        public int Calls { get; private set; }

        public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD)
        {
            Calls++;
            return answer(timesteps_B);
        }
    }

    /// <summary>Predicts its context everywhere.</summary>
    private sealed class Echo : IDenoiser
    {
        public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD) => context_BLD.view(-1, 1, 1, 1, 1) * ones_like(latents_BCTHW);
    }
}
