using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Models.UmT5;
using HaloLab.Models.Wan;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Wan;

/// <summary>Token ids to pixels: text encoder, transformer with guidance, sampler and autoencoder put together as in Wan2.1.</summary>
[Trait("Category", "Golden")]
public sealed class WanEndToEndGoldenTests
{
    private const double Limit = 5e-5;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("wan", "e2e_*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PromptsBecomeTheReferencesPixels(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor Given(string name) => golden.Tensors[name];
        GoldenCase Part(string name) => golden.Sibling(Path.GetFileNameWithoutExtension(golden.Json.GetProperty("params_from").GetProperty(name).GetString()!));
        (GoldenCase ofText, GoldenCase ofTransformer, GoldenCase ofVae) = (Part("text_encoder"), Part("transformer"), Part("vae"));
        UmT5Encoder text = new(UmT5Config.FromJson(ofText.Json.GetProperty("config"), ofText.JsonPath));
        StateLoader.Load(text, ofText.Parameters(), ofText.JsonPath, unused: UmT5Encoder.UnusedKeys);
        WanTransformer transformer = new(WanConfig.FromJson(ofTransformer.Json.GetProperty("config"), ofTransformer.JsonPath));
        StateLoader.Load(transformer, ofTransformer.Parameters(), ofTransformer.JsonPath);
        WanAutoencoder vae = new(WanVaeConfig.FromJson(ofVae.Json.GetProperty("config_full"), ofVae.JsonPath));
        StateLoader.Load(vae, ofVae.Parameters(), ofVae.JsonPath);

        Tensor context = text.Condition(Given("in.prompt_ids"), Given("in.prompt_mask"));
        Tensor negative = text.Condition(Given("in.negative_ids"), Given("in.negative_mask"));
        TensorAssert.Close(Given("tap.prompt_embeds"), context, Limit, what: "prompts");
        TensorAssert.Close(Given("tap.negative_embeds"), negative, Limit, what: "negative prompts");

        JsonElement config = golden.Json.GetProperty("config");
        int steps = config.GetProperty("steps").GetInt32();
        ClassifierFreeGuidance guidance = new(negative, config.GetProperty("guidance").GetDouble());
        JsonElement arguments = config.GetProperty("scheduler").GetProperty("args");
        WanDenoiser denoiser = new(transformer);
        Tensor latents;
        IReadOnlyList<FlowStep> schedule;
        if (config.GetProperty("scheduler").GetProperty("class").GetString()!.StartsWith("UniPC", StringComparison.Ordinal))
        {
            UniPcSampler sampler = new(steps, arguments.GetProperty("flow_shift").GetDouble());
            (schedule, latents) = (sampler.Steps, sampler.Sample(denoiser, Given("in.latents"), context, guidance));
        }
        else
        {
            FlowEulerSampler sampler = new(steps, arguments.GetProperty("shift").GetDouble());
            (schedule, latents) = (sampler.Steps, sampler.Sample(denoiser, Given("in.latents"), context, guidance));
        }

        TensorAssert.Close(Given("out.sigmas"), tensor(schedule.Select(step => (float)step.Sigma).Append(0).ToArray()), 1e-6, what: "sigmas");
        TensorAssert.Close(Given("out.timesteps").to(ScalarType.Float32), tensor(schedule.Select(step => (float)step.Timestep).ToArray()), 1e-3, what: "timesteps");
        Tensor timesteps_B = full([context.shape[0]], schedule[0].Timestep, dtype: ScalarType.Float32);
        TensorAssert.Close(Given("tap.step0.cond"), denoiser.Predict(Given("in.latents"), timesteps_B, context), Limit, what: "first prediction");
        TensorAssert.Close(Given("tap.step0.uncond"), denoiser.Predict(Given("in.latents"), timesteps_B, negative), Limit, what: "first prediction without the prompt");
        TensorAssert.Close(Given("out.latents"), latents, Limit, what: "latents");
        Tensor video = vae.Decode(latents);
        TensorAssert.Close(Given("out.video"), video, Limit, what: "video");
        TensorAssert.Close(Given("out.pixels"), ((video / 2) + 0.5).clamp(0, 1), Limit, what: "pixels");
    }
}
