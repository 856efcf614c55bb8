using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Models.CogVideoX;
using HaloLab.Models.UmT5;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.CogVideoX;

/// <summary>Token ids to pixels: text encoder, transformer with guidance, sampler and autoencoder put together as in CogVideoX.</summary>
[Trait("Category", "Golden")]
public sealed class CogVideoXEndToEndGoldenTests
{
    private const double Limit = 5e-5;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("cogvideox", "e2e_*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PromptsBecomeTheReferencesPixels(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor Given(string name) => golden.Tensors[name];
        GoldenCase Part(string name) => golden.Sibling(Path.GetFileNameWithoutExtension(golden.Json.GetProperty("params_from").GetProperty(name).GetString()!));
        (GoldenCase ofText, GoldenCase ofTransformer, GoldenCase ofVae) = (Part("text_encoder"), Part("transformer"), Part("vae"));
        UmT5Encoder text = new(UmT5Config.FromJson(ofText.Json.GetProperty("config"), ofText.JsonPath) with { ModelType = "t5" });
        StateLoader.Load(text, ofText.Parameters(), ofText.JsonPath, unused: UmT5Encoder.UnusedKeys);
        CogVideoXTransformer transformer = new(CogVideoXConfig.FromJson(ofTransformer.Json.GetProperty("config"), ofTransformer.JsonPath));
        StateLoader.Load(transformer, ofTransformer.Parameters(), ofTransformer.JsonPath);
        CogVideoXAutoencoder vae = new(CogVideoXVaeConfig.FromJson(ofVae.Json.GetProperty("config"), ofVae.JsonPath));
        StateLoader.Load(vae, ofVae.Parameters(), ofVae.JsonPath);

        // No mask, and what the encoder says to padding stays.
        Tensor context = text.call(Given("in.prompt_ids"), ones_like(Given("in.prompt_ids")));
        Tensor negative = text.call(Given("in.negative_ids"), ones_like(Given("in.negative_ids")));
        TensorAssert.Close(Given("tap.prompt_embeds"), context, Limit, what: "prompts");
        TensorAssert.Close(Given("tap.negative_embeds"), negative, Limit, what: "negative prompts");

        JsonElement config = golden.Json.GetProperty("config");
        int steps = config.GetProperty("steps").GetInt32();
        double scale = config.GetProperty("guidance").GetDouble();
        NoiseSchedule schedule = NoiseSchedule.CogVideoX(config.GetProperty("scheduler").GetProperty("snr_shift_scale").GetDouble());
        TensorAssert.Close(Given("out.alphas_cumprod"), tensor(schedule.AlphasCumprod.ToArray()), 1e-6, what: "alphas_cumprod");
        DdimSampler sampler = new(schedule, steps, target: PredictionTarget.Velocity, spacing: TimestepSpacing.Trailing, endsClean: true);
        int[] timesteps = [.. sampler.Steps.Select(step => step.Timestep)];
        Assert.Equal(Given("out.timesteps").data<long>().ToArray(), timesteps.Select(timestep => (long)timestep));
        IReadOnlyList<double> scales = config.GetProperty("dynamic_cfg").GetString() switch
        {
            null => [.. timesteps.Select(_ => scale)],
            "step_index" => CogVideoXGuidance.Ramp(scale, steps),
            "library" => CogVideoXGuidance.AsInDiffusers(scale, timesteps),
            string other => throw new NotSupportedException(other),
        };
        TensorAssert.Close(Given("out.guidance"), tensor(scales.Select(value => (float)value).ToArray()), 1e-5, what: "guidance");

        // The reference has frames before channels.
        Tensor latents = sampler.Sample(
            new CogVideoXDenoiser(transformer), Given("in.latents").transpose(1, 2), context, new ClassifierFreeGuidance(negative, scale) { ScaleOfStep = scales });
        TensorAssert.Close(Given("out.latents"), latents.transpose(1, 2), Limit, what: "latents");
        Tensor video = vae.Decode(latents);
        TensorAssert.Close(Given("out.video"), video, Limit, what: "video");
        TensorAssert.Close(Given("out.pixels"), ((video / 2) + 0.5).clamp(0, 1), Limit, what: "pixels");
    }
}
