using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Generation;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Models.VideoCrafter2;
using static TorchSharp.torch;

namespace HaloLab.Tests.Generation;

[Trait("Category", "Golden")]
public class EndToEndGoldenTests
{
    /// <summary>The variants of the cases: name, scaled schedule, eta.</summary>
    private static readonly (string Name, bool Scaled, double Eta)[] Variants = [("scale_on", true, 0), ("scale_off", false, 0), ("scale_on_eta1", true, 1)];

    public static IEnumerable<TheoryDataRow<GoldenCase>> VideoCrafter2Cases() => OfKind("e2e_vc2");

    public static IEnumerable<TheoryDataRow<GoldenCase>> TurboCases() => OfKind("e2e_turbo");

    [Theory]
    [MemberData(nameof(VideoCrafter2Cases), DisableDiscoveryEnumeration = true)]
    public void VideoCrafter2StepByStepAndFree(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using TextTower text = TextTowerFromCase.Load(golden);
        using UNet3D unet = LoadUNet(golden);
        using AutoencoderKL vae = LoadAutoencoder(golden);
        VideoCrafter2Denoiser denoiser = new(unet) { FramesPerSecond = golden.Json.GetProperty("fps").GetDouble() };
        (Tensor ids_BL, Tensor negativeIds_1L, Tensor start) = (golden.Tensors["in.ids"], golden.Tensors["in.uncond_ids"], golden.Tensors["in.x_T"]);
        Tensor context = text.call(ids_BL);
        Tensor unconditional = text.call(negativeIds_1L);
        TensorAssert.Close(golden.Tensors["out.context"], context, 1e-5, what: "context");
        TensorAssert.Close(golden.Tensors["out.uncond_context"], unconditional, 1e-5, what: "unconditional context");
        SamplingSettings settings = new()
        {
            Steps = golden.Json.GetProperty("ddim_steps").GetInt32(),
            Guidance = golden.Json.GetProperty("guidance").GetDouble(),
            FramesDecodedAtOnce = 2,
        };
        foreach ((string name, bool scaled, double eta) in Variants.Where(variant => golden.Tensors.ContainsKey($"out.{variant.Name}.latent")))
        {
            NoiseSchedule schedule = NoiseSchedule.VideoCrafter2(scaled);
            DdimSampler sampler = new(schedule, settings.Steps, eta);
            Assert.Equal(golden.Tensors["tap.ddim_timesteps"].data<long>().ToArray(), sampler.Steps.Reverse().Select(step => (long)step.Timestep));
            Tensor latentsPerStep = golden.Tensors[$"tap.{name}.latents_per_step"];
            for (int i = 0; i < sampler.Steps.Count; i++)
            {
                Tensor latents = i == 0 ? start : latentsPerStep[i - 1];
                Tensor timesteps_B = full([latents.shape[0]], sampler.Steps[i].Timestep, dtype: ScalarType.Int64);
                Tensor without = denoiser.Predict(latents, timesteps_B, unconditional);
                Tensor guided = without + (settings.Guidance * (denoiser.Predict(latents, timesteps_B, context) - without));
                SamplerState state = sampler.Step(i, latents, guided, golden.Tensors["in.step_noise"][i]);
                TensorAssert.Close(latentsPerStep[i], state.Latents_BCTHW, 1e-3, what: $"{name}: latents after step {i}");
                TensorAssert.Close(golden.Tensors[$"tap.{name}.pred_x0_per_step"][i], state.Clean_BCTHW, 5e-3, what: $"{name}: clean latents of step {i}");
            }

            TextToVideoGenerator generator = new(text, denoiser, vae, schedule);
            GeneratedClips clips = generator.GenerateFrom(ids_BL, negativeIds_1L, start, i => golden.Tensors["in.step_noise"][i], settings with { Eta = eta });
            TensorAssert.Close(golden.Tensors[$"out.{name}.latent"], clips.Latents_BCTHW, eta > 0 ? 1e-1 : 5e-2, what: $"{name}: latents");
            TensorAssert.Close(golden.Tensors[$"out.{name}.pixels"], clips.Pixels_BCTHW, eta > 0 ? 3e-3 : 2e-3, what: $"{name}: pixels");
        }
    }

    [Theory]
    [MemberData(nameof(TurboCases), DisableDiscoveryEnumeration = true)]
    public void TurboStepByStepAndFree(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using TextTower text = TextTowerFromCase.Load(golden);
        using UNet3D unet = LoadUNet(golden);
        using AutoencoderKL vae = LoadAutoencoder(golden);
        VideoCrafter2Denoiser denoiser = new(unet)
        {
            FramesPerSecond = golden.Json.GetProperty("fps").GetDouble(),
            GuidanceEmbedding_1E = golden.Tensors["in.w_embedding"],
            MotionEmbedding_1E = golden.Tensors.GetValueOrDefault("in.motion_embedding"),
        };
        Tensor context = text.call(golden.Tensors["in.ids"]);
        TensorAssert.Close(golden.Tensors["out.context"], context, 1e-5, what: "context");
        LcmSampler sampler = new(
            NoiseSchedule.SinglePrecision(), golden.Json.GetProperty("lcm_steps").GetInt32(), golden.Json.GetProperty("lcm_origin_steps").GetInt32());
        Assert.Equal(golden.Tensors["tap.timesteps"].data<long>().ToArray(), sampler.Steps.Select(step => (long)step.Timestep));
        (Tensor start, Tensor noises) = (golden.Tensors["in.x_T"], golden.Tensors["in.step_noise"]);
        for (int i = 0; i < sampler.Steps.Count; i++)
        {
            Tensor latents = i == 0 ? start : golden.Tensors["tap.latents_per_step"][i - 1];
            Tensor prediction = denoiser.Predict(latents, full([latents.shape[0]], sampler.Steps[i].Timestep, dtype: ScalarType.Int64), context);
            TensorAssert.Close(golden.Tensors["tap.eps_per_step"][i], prediction, 1e-4, what: $"prediction of step {i}");
            Tensor clean = sampler.Denoise(i, latents, prediction);
            TensorAssert.Close(golden.Tensors["tap.denoised_per_step"][i], clean, 1e-3, what: $"denoised by step {i}");
            TensorAssert.Close(golden.Tensors["tap.latents_per_step"][i], sampler.AddNoise(i, clean, noises[i]), 1e-3, what: $"latents after step {i}");
        }

        Tensor sample = sampler.Sample(denoiser, start, context, i => noises[i]);
        TensorAssert.Close(golden.Tensors["out.latent"], sample, 1e-3, what: "latents");
        TensorAssert.Close(golden.Tensors["out.pixels"], vae.DecodeClips(sample), 1e-4, what: "pixels");
    }

    private static UNet3D LoadUNet(GoldenCase golden)
    {
        UNet3D unet = new(OptionsReader.UNet(golden.Json.GetProperty("unet")));
        StateLoader.Load(unet, golden.Parameters(), golden.JsonPath, "model.diffusion_model.");
        unet.eval();
        return unet;
    }

    private static AutoencoderKL LoadAutoencoder(GoldenCase golden)
    {
        AutoencoderKL vae = new(OptionsReader.Autoencoder(golden.Json));
        StateLoader.Load(vae, golden.Parameters(), golden.JsonPath, "first_stage_model.");
        vae.eval();
        return vae;
    }

    private static TheoryDataRow<GoldenCase>[] OfKind(string kind)
    {
        TheoryDataRow<GoldenCase>[] all = [.. GoldenCase.Find("videocrafter2", "e2e_*")];
        TheoryDataRow<GoldenCase>[] matching = [.. all.Where(row => row.Skip is null && row.Data.Json.GetProperty("kind").GetString() == kind)];
        return matching.Length > 0 ? matching : [new TheoryDataRow<GoldenCase>(all[0].Data) { Skip = $"no e2e case of kind {kind}" }];
    }
}
