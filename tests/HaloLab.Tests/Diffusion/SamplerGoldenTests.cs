using HaloLab.Diffusion;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Diffusion;

/// <summary>Trajectories with the cases' synthetic model f(x, t) = k x + (t / 1000 − 0.5) bias, step by step and in a free run.</summary>
[Trait("Category", "Golden")]
public class SamplerGoldenTests
{
    private const double Limit = 2e-5;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Ddim() => GoldenCase.Find("schedulers", "vc2_ddim_*", "ddim_leading_*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> Turbo() => GoldenCase.Find("schedulers", "t2v_turbo_*");

    [Theory]
    [MemberData(nameof(Ddim), DisableDiscoveryEnumeration = true)]
    public void DdimTrajectory(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        bool isVideoCrafter = golden.Name.StartsWith("vc2", StringComparison.Ordinal);
        int steps = golden.Json.GetProperty("steps").GetInt32();
        Assert.SkipWhen(!isVideoCrafter && NoiseSchedule.Timesteps % steps != 0, "diffusers' step count differs where it does not divide 1000");
        NoiseSchedule schedule = isVideoCrafter
            ? NoiseSchedule.VideoCrafter2(golden.Json.GetProperty("use_scale").GetBoolean())
            : NoiseSchedule.SinglePrecision();
        DdimSampler sampler = new(schedule, steps, golden.Json.GetProperty("eta").GetDouble());
        Assert.Equal(golden.Tensors["in.timesteps"].data<long>().ToArray(), sampler.Steps.Select(step => (long)step.Timestep));
        Tensor states = golden.Tensors["out.x"];
        Tensor predictions = golden.Tensors["tap.model_output"];
        Tensor? noises = golden.Tensors.GetValueOrDefault("in.noise");
        for (int i = 0; i < sampler.Steps.Count; i++)
        {
            SamplerState state = sampler.Step(i, states[i], predictions[i], noises?[i]);
            TensorAssert.Close(states[i + 1], state.Latents_BCTHW, Limit, what: $"step {i}");
            if (golden.Tensors.TryGetValue("tap.pred_x0", out Tensor? clean))
            {
                TensorAssert.Close(clean[i], state.Clean_BCTHW, Limit, what: $"clean latents of step {i}");
            }
        }

        Tensor sample = sampler.Sample(new Synthetic(golden), golden.Tensors["in.x_start"], zeros([1]), noiseOfStep: noises is null ? null : i => noises[i]);
        TensorAssert.Close(states[^1], sample, Limit, what: "free run");
    }

    [Theory]
    [MemberData(nameof(Turbo), DisableDiscoveryEnumeration = true)]
    public void TurboTrajectory(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        LcmSampler sampler = new(
            NoiseSchedule.SinglePrecision(), golden.Json.GetProperty("steps").GetInt32(), golden.Json.GetProperty("lcm_origin_steps").GetInt32());
        Assert.Equal(golden.Tensors["in.timesteps"].data<long>().ToArray(), sampler.Steps.Select(step => (long)step.Timestep));
        Tensor states = golden.Tensors["out.x"];
        Tensor denoised = golden.Tensors["out.denoised"];
        Tensor noises = golden.Tensors["in.noise"];
        for (int i = 0; i < sampler.Steps.Count; i++)
        {
            TensorAssert.Close(denoised[i], sampler.Denoise(i, states[i], golden.Tensors["tap.model_output"][i]), Limit, what: $"denoised by step {i}");
            TensorAssert.Close(states[i + 1], sampler.AddNoise(i, denoised[i], noises[i]), Limit, what: $"state after step {i}");
        }

        Tensor sample = sampler.Sample(new Synthetic(golden), golden.Tensors["in.x_start"], zeros([1]), i => noises[i]);
        TensorAssert.Close(denoised[^1], sample, Limit, what: "free run");
        TensorAssert.Close(golden.Tensors["out.guidance_embedding_256"], SinusoidalEmbedding.OfGuidance(golden.Tensors["in.w"]), 2e-3, what: "guidance embedding");
    }

    private sealed class Synthetic(GoldenCase golden) : IDenoiser
    {
        private readonly double _k = golden.Json.GetProperty("k").GetDouble();
        private readonly Tensor _bias = golden.Tensors["in.bias"];

        public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD) =>
            (_k * latents_BCTHW) + (((timesteps_B.to(ScalarType.Float32) / 1000) - 0.5).view(-1, 1, 1, 1, 1) * _bias);
    }
}
