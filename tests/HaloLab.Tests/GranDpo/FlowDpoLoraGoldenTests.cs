using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Optimisation;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace HaloLab.Tests.GranDpo;

/// <summary>Three optimiser steps of flow-DPO on adapters of the Wan transformer, whose reference is itself with the adapters off.</summary>
[Trait("Category", "Golden")]
public sealed class FlowDpoLoraGoldenTests
{
    private const string Prefix = "transformer.";

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("wan", "flow_dpo_lora*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void LossesGradientsAndWeightsFollowTheReferenceWhateverSavesMemory(GoldenCase golden) => MemoryOptions.InAllCombinations(options => Train(golden.Sibling(golden.Name), options));

    private static void Train(GoldenCase golden, MemoryOptions memory)
    {
        using var scope = NewDisposeScope();
        Tensor Given(string name) => golden.Tensors[name];
        GoldenCase ofTransformer = golden.Sibling(Path.GetFileNameWithoutExtension(golden.Json.GetProperty("params_from").GetProperty("base").GetString()!));
        WanTransformer model = new(WanConfig.FromJson(ofTransformer.Json.GetProperty("config"), ofTransformer.JsonPath)) { Recomputes = memory.Recomputes };
        StateLoader.Load(model, ofTransformer.Parameters(), ofTransformer.JsonPath);
        JsonElement config = golden.Json.GetProperty("config");
        double scale = config.GetProperty("lora").GetProperty("alpha").GetDouble() / config.GetProperty("lora").GetProperty("r").GetDouble();
        Dictionary<string, Tensor> start = golden.WithPrefix("param." + Prefix);
        using LoraFile file = new(start.Keys.Where(key => key.EndsWith(".lora_A.weight", StringComparison.Ordinal)).Select(key => key[..^".lora_A.weight".Length])
            .Select(layer => KeyValuePair.Create(layer, new LoraLayer(start[layer + ".lora_A.weight"].clone(), start[layer + ".lora_B.weight"].clone(), scale))));
        LoraAdapters adapters = LoraAdapters.Attach(model, file, golden.JsonPath);
        Assert.Equal(8 * model.Config.NumLayers, adapters.Layers.Count);

        JsonElement adamw = config.GetProperty("adamw");
        using FlatParameters parameters = new(adapters.Parameters);
        using AdamW optimiser = new(parameters, new AdamWOptions(
            adamw.GetProperty("betas")[0].GetDouble(), adamw.GetProperty("betas")[1].GetDouble(), adamw.GetProperty("eps").GetDouble(), adamw.GetProperty("weight_decay").GetDouble()));

        // The reference's β carries Diffusion-DPO's factor 1/2.
        GranDpoOptions options = new() { Terms = PreferenceTerms.VideoOnly, BetaVideo = config.GetProperty("beta").GetDouble() / 2 };
        int pairs = (int)Given("in.x_w").shape[0];
        using PairRewards rewards = new(ones(pairs), zeros(pairs), zeros([pairs, 1, 1, 1]), zeros([pairs, 1, 1, 1]));
        WanDenoiser denoiser = new(model);
        FlowMatchingTarget target = new();
        PatchGrid whole = new(1, 1, 1);
        long[] latents = Given("in.x_w").shape;
        CellSums cells = new(whole, (int)latents[2], (int)latents[3], (int)latents[4]);
        for (int step = 0; step < Given("out.loss").shape[0]; step++)
        {
            using var stepScope = NewDisposeScope();
            (Tensor noise, Tensor sigma) = (Given("in.noise")[step], Given("in.sigma")[step]);
            TrainingExample example = target.Example(cat([Given("in.x_w"), Given("in.x_l")]), cat([noise, noise]), cat([sigma, sigma]));
            Tensor context = cat([Given("in.text"), Given("in.text")]);
            Tensor SumsOf(TrainingExample shown, Tensor text) => PatchEnergies.SquaredErrorSums(denoiser.Predict(shown.Noisy_BCTHW, shown.Timestep_B, text), shown.Target_BCTHW, cells);
            Tensor SumsOfClip(int clip) => SumsOf(example.Rows(clip, 1), context.narrow(0, clip, 1));
            PatchEnergies OfClip(int clip) => PatchEnergies.FromSums(SumsOfClip(clip), latents[1], cells);
            adapters.Enable(false);
            PatchEnergies reference;
            using (no_grad())
            {
                Tensor sums_2Bthw = memory.TwoPass ? cat([.. Enumerable.Range(0, 2 * pairs).Select(SumsOfClip)]) : SumsOf(example, context);
                reference = memory.CachedReference ? CachedReference.Energies(sums_2Bthw, latents, whole) : PatchEnergies.FromSums(sums_2Bthw, latents[1], cells);
            }

            adapters.Enable(true);
            PatchEnergies policy = memory.TwoPass ? ClipByClip.Energies(2 * pairs, OfClip) : PatchEnergies.FromSums(SumsOf(example, context), latents[1], cells);
            GranDpoLoss loss = GranDpoObjective.Compute(policy.Rows(0, pairs), policy.Rows(pairs, pairs), reference.Rows(0, pairs), reference.Rows(pairs, pairs), rewards, options);
            void Check(string name, Tensor actual, double limit) => TensorAssert.Close(Given("out." + name)[step], actual, limit, what: $"{name} of step {step}");
            Check("mse_w", policy.Rows(0, pairs).Video_B, 5e-5);
            Check("mse_l", policy.Rows(pairs, pairs).Video_B, 5e-5);
            Check("ref_mse_w", reference.Rows(0, pairs).Video_B, 5e-5);
            Check("ref_mse_l", reference.Rows(pairs, pairs).Video_B, 5e-5);
            Check("loss", loss.Loss, 5e-5);
            Check("logit", options.BetaVideo * loss.VideoMargin_B, 2e-4);
            loss.Loss.backward();
            if (memory.TwoPass)
            {
                ClipByClip.Backward(policy, OfClip);
            }

            if (step == 0)
            {
                foreach ((string name, Parameter parameter) in adapters.Parameters)
                {
                    Tensor expected = Given($"grad.{Prefix}{name}");
                    double largest = expected.abs().max().item<float>();
                    TensorAssert.Close(expected, parameter.grad!, 1e-4 * (largest > 0 ? largest : 1), what: $"gradient of {name}");
                }
            }

            double norm = optimiser.Step(adamw.GetProperty("lr").GetDouble());
            double expectedNorm = Given("out.grad_norm")[step].item<float>();
            Assert.Equal(expectedNorm, norm, 1e-4 * expectedNorm);
            foreach ((string name, Parameter parameter) in adapters.Parameters)
            {
                TensorAssert.Close(Given($"out.step{step + 1}.{Prefix}{name}"), parameter, 1e-5, what: $"{name} after step {step}");
            }
        }
    }
}
