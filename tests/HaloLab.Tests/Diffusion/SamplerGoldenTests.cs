using System.Text.Json;
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

    public static IEnumerable<TheoryDataRow<GoldenCase>> Ddim() => GoldenCase.Find("schedulers", "vc2_ddim_*", "ddim_*", "cogvideox_ddim_*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> CogVideoXDpm() => GoldenCase.Find("schedulers", "cogvideox_dpm_*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> FlowEuler() => GoldenCase.Find("schedulers", "flow_euler_*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> UniPc() => GoldenCase.Find("schedulers", "wan_unipc_*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> Lcm() => GoldenCase.Find("schedulers", "lcm_*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> Turbo() => GoldenCase.Find("schedulers", "t2v_turbo_*");

    [Theory]
    [MemberData(nameof(Ddim), DisableDiscoveryEnumeration = true)]
    public void DdimTrajectory(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        int steps = golden.Json.GetProperty("steps").GetInt32();
        JsonElement settings = golden.Json.TryGetProperty("config", out JsonElement config) ? config : golden.Json;
        string Text(string name) => settings.TryGetProperty(name, out JsonElement value) ? value.ToString() : "";
        NoiseSchedule schedule = golden.Name.StartsWith("vc2", StringComparison.Ordinal) ? NoiseSchedule.VideoCrafter2(golden.Json.GetProperty("use_scale").GetBoolean())
            : settings.TryGetProperty("snr_shift_scale", out JsonElement shift) ? NoiseSchedule.CogVideoX(shift.GetDouble())
            : Text("zero_terminal_snr") == "True" ? NoiseSchedule.VideoCrafter2(scaled: false, endsInNoise: true)
            : NoiseSchedule.SinglePrecision();
        TimestepSpacing spacing = (Text("spacing") + Text("timestep_spacing")) switch
        {
            "leading" => TimestepSpacing.Leading,
            "trailing" => TimestepSpacing.Trailing,
            "linspace" => TimestepSpacing.Linspace,
            _ => TimestepSpacing.VideoCrafter2,
        };
        bool isVelocity = Text("prediction") == "v" || Text("prediction_type") == "v_prediction";
        double eta = golden.Json.TryGetProperty("eta", out JsonElement given) ? given.GetDouble() : 0;
        DdimSampler sampler = new(schedule, steps, eta, isVelocity ? PredictionTarget.Velocity : PredictionTarget.Noise, spacing, Text("set_alpha_to_one") == "True");
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
    [MemberData(nameof(CogVideoXDpm), DisableDiscoveryEnumeration = true)]
    public void CogVideoXDpmTrajectory(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.CogVideoX(golden.Json.GetProperty("config").GetProperty("snr_shift_scale").GetDouble());
        CogVideoXDpmSampler sampler = new(schedule, golden.Json.GetProperty("steps").GetInt32());
        Assert.Equal(golden.Tensors["in.timesteps"].data<long>().ToArray(), sampler.Steps.Select(step => (long)step.Timestep));
        (Tensor states, Tensor clean, Tensor noises) = (golden.Tensors["out.x"], golden.Tensors["tap.pred_x0"], golden.Tensors["in.noise"]);
        for (int i = 0; i < sampler.Steps.Count; i++)
        {
            SamplerState state = sampler.Step(i, states[i], golden.Tensors["tap.model_output"][i], i == 0 ? null : clean[i - 1], noises[i]);
            TensorAssert.Close(clean[i], state.Clean_BCTHW, Limit, what: $"clean latents of step {i}");
            TensorAssert.Close(states[i + 1], state.Latents_BCTHW, Limit, what: $"step {i}");
        }

        Tensor sample = sampler.Sample(new Synthetic(golden), golden.Tensors["in.x_start"], zeros([1]), i => noises[i]);
        TensorAssert.Close(states[^1], sample, Limit, what: "free run");
    }

    [Theory]
    [MemberData(nameof(FlowEuler), DisableDiscoveryEnumeration = true)]
    public void FlowEulerTrajectory(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        FlowEulerSampler sampler = new(golden.Json.GetProperty("steps").GetInt32(), golden.Json.GetProperty("shift").GetDouble());
        CheckSigmas(golden, sampler.Steps);
        TensorAssert.Close(golden.Tensors["in.timesteps"], tensor(sampler.Steps.Select(step => (float)step.Timestep).ToArray()), 1e-3, what: "timesteps");
        Tensor states = golden.Tensors["out.x"];
        for (int i = 0; i < sampler.Steps.Count; i++)
        {
            TensorAssert.Close(states[i + 1], sampler.Step(i, states[i], golden.Tensors["tap.model_output"][i]), Limit, what: $"step {i}");
        }

        TensorAssert.Close(states[^1], sampler.Sample(new Synthetic(golden), golden.Tensors["in.x_start"], zeros([1])), Limit, what: "free run");
    }

    [Theory]
    [MemberData(nameof(UniPc), DisableDiscoveryEnumeration = true)]
    public void UniPcTrajectory(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        UniPcSampler sampler = new(golden.Json.GetProperty("steps").GetInt32(), golden.Json.GetProperty("flow_shift").GetDouble());
        CheckSigmas(golden, sampler.Steps);
        Assert.Equal(golden.Tensors["in.timesteps"].data<long>().ToArray(), sampler.Steps.Select(step => (long)step.Timestep));
        Tensor states = golden.Tensors["out.x"];
        using UniPcHistory history = new();
        for (int i = 0; i < sampler.Steps.Count; i++)
        {
            TensorAssert.Close(states[i + 1], sampler.Step(i, history, states[i], golden.Tensors["tap.model_output"][i]), Limit, what: $"step {i}");
        }

        TensorAssert.Close(states[^1], sampler.Sample(new Synthetic(golden), golden.Tensors["in.x_start"], zeros([1])), Limit, what: "free run");
    }

    [Theory]
    [MemberData(nameof(Lcm), DisableDiscoveryEnumeration = true)]
    public void LcmTrajectory(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        LcmSampler sampler = new(
            NoiseSchedule.SinglePrecision(), golden.Json.GetProperty("steps").GetInt32(), golden.Json.GetProperty("original_inference_steps").GetInt32(), isEvenlySpread: true);
        Assert.Equal(golden.Tensors["in.timesteps"].data<long>().ToArray(), sampler.Steps.Select(step => (long)step.Timestep));
        (Tensor states, Tensor denoised, Tensor noises) = (golden.Tensors["out.x"], golden.Tensors["tap.denoised"], golden.Tensors["in.noise"]);
        for (int i = 0; i < sampler.Steps.Count; i++)
        {
            TensorAssert.Close(denoised[i], sampler.Denoise(i, states[i], golden.Tensors["tap.model_output"][i]), Limit, what: $"denoised by step {i}");
            Tensor next = i == sampler.Steps.Count - 1 ? denoised[i] : sampler.AddNoise(i, denoised[i], noises[i]);
            TensorAssert.Close(states[i + 1], next, Limit, what: $"state after step {i}");
        }

        TensorAssert.Close(states[^1], sampler.Sample(new Synthetic(golden), golden.Tensors["in.x_start"], zeros([1]), i => noises[i]), Limit, what: "free run");
    }

    [Theory]
    [MemberData(nameof(FlowEuler), DisableDiscoveryEnumeration = true)]
    public void TheSamplersLeaveNoTensorsBehind(GoldenCase golden)
    {
        _ = golden.Tensors;
        Synthetic denoiser = new(golden);
        using Tensor context = zeros([1]);
        Run();
        long before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Run();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);

        void Run()
        {
            // The synthetic model keeps nothing; what it makes is the scopes' of the samplers.
            new FlowEulerSampler(5, 3).Sample(denoiser, golden.Tensors["in.x_start"], context).Dispose();
            new UniPcSampler(5, 3).Sample(denoiser, golden.Tensors["in.x_start"], context).Dispose();
            using Tensor noise = zeros_like(golden.Tensors["in.x_start"]);
            new CogVideoXDpmSampler(NoiseSchedule.CogVideoX(3), 5).Sample(denoiser, golden.Tensors["in.x_start"], context, _ => noise).Dispose();
        }
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

    private static void CheckSigmas(GoldenCase golden, IReadOnlyList<FlowStep> steps) =>
        TensorAssert.Close(golden.Tensors["tap.sigmas"], tensor(steps.Select(step => (float)step.Sigma).Append((float)steps[^1].SigmaNext).ToArray()), 1e-6, what: "sigmas");

    private sealed class Synthetic(GoldenCase golden) : IDenoiser
    {
        private readonly double _k = golden.Json.GetProperty("k").GetDouble();
        private readonly Tensor _bias = golden.Tensors["in.bias"];

        public Tensor Predict(Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD) =>
            (_k * latents_BCTHW) + (((timesteps_B.to(ScalarType.Float32) / 1000) - 0.5).view(-1, 1, 1, 1, 1) * _bias);
    }
}
