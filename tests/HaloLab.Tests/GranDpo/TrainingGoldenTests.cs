using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Wan;
using HaloLab.Optimisation;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.GranDpo;

/// <summary>goldens/training: optimiser steps of DPO on the tiny Wan transformer, step by step. Tolerances are those its README suggests.</summary>
[Trait("Category", "Golden")]
public class TrainingGoldenTests
{
    private const double LossTolerance = 5e-5;
    private const double LogitTolerance = 3e-4;
    private const double NormTolerance = 1e-3;
    private const double WeightTolerance = 1e-5;
    private const double ChecksumTolerance = 2e-3;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases => GoldenCase.Find("training", "dpo_adamw*");

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void EveryStepMatchesWhateverSavesMemory(GoldenCase golden) => MemoryOptions.InAllCombinations(options => Train(golden.Sibling(golden.Name), options));

    private static void Train(GoldenCase golden, MemoryOptions memory)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> data = golden.Tensors;
        JsonElement config = golden.Json.GetProperty("config");
        JsonElement adamw = config.GetProperty("adamw");
        double[] betas = [.. adamw.GetProperty("betas").EnumerateArray().Select(beta => beta.GetDouble())];
        (WanTransformer model, WanTransformer reference) = (Load(golden), Load(golden));
        model.Recomputes = memory.Recomputes;
        FlatParameters parameters = new(model.named_parameters().Select(item => (item.name, item.parameter)));
        AdamW optimiser = new(parameters, new AdamWOptions(betas[0], betas[1], adamw.GetProperty("eps").GetDouble(), adamw.GetProperty("weight_decay").GetDouble(), config.GetProperty("clip").GetDouble()));
        ExponentialMovingAverage average = new(parameters, config.GetProperty("ema").GetDouble());
        GranDpoOptions options = new() { Terms = PreferenceTerms.VideoOnly, BetaVideo = 0.5 * config.GetProperty("beta").GetDouble() };
        long steps = data["in.order"].shape[0];
        Assert.True(steps > 0);
        for (long step = 0; step < steps; step++)
        {
            Step(golden, model, reference, optimiser, options, step, steps, memory);
            average.Update();
        }

        Check(golden, "final", parameters.ByName(parameters.Values));
        Check(golden, "ema", parameters.ByName(average.Values));
    }

    private static void Step(GoldenCase golden, WanTransformer model, WanTransformer reference, AdamW optimiser, GranDpoOptions options, long step, long steps, MemoryOptions memory)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> data = golden.Tensors;
        Tensor order_B = data["in.order"][step];
        long B = order_B.shape[0];
        Tensor clean_2BCTHW = cat([data["in.x_w"].index_select(0, order_B), data["in.x_l"].index_select(0, order_B)]);
        Tensor text_BLD = data["in.text"].index_select(0, order_B);
        Tensor noise_BCTHW = data["in.noise"][step];
        Tensor sigma_B = data["in.sigma"][step];
        TrainingExample example = new FlowMatchingTarget().Example(clean_2BCTHW, cat([noise_BCTHW, noise_BCTHW]), cat([sigma_B, sigma_B]));

        Tensor text_2BLD = cat([text_BLD, text_BLD]);
        PatchGrid whole = new(1, 1, 1);
        CellSums cells = new(whole, (int)clean_2BCTHW.shape[2], (int)clean_2BCTHW.shape[3], (int)clean_2BCTHW.shape[4]);
        Tensor SumsOf(WanTransformer network, TrainingExample shown, Tensor text) =>
            PatchEnergies.SquaredErrorSums(network.call(shown.Noisy_BCTHW, shown.Timestep_B, text), shown.Target_BCTHW, cells);
        Tensor SumsOfClip(WanTransformer network, int clip) => SumsOf(network, example.Rows(clip, 1), text_2BLD.narrow(0, clip, 1));
        PatchEnergies OfClip(int clip) => PatchEnergies.FromSums(SumsOfClip(model, clip), clean_2BCTHW.shape[1], cells);
        PatchEnergies policy = memory.TwoPass ? ClipByClip.Energies((int)(2 * B), OfClip) : PatchEnergies.FromSums(SumsOf(model, example, text_2BLD), clean_2BCTHW.shape[1], cells);
        PatchEnergies frozen;
        using (no_grad())
        {
            // In the same way, so that it is the policy's to the bit at step 0.
            Tensor sums_2Bthw = memory.TwoPass ? cat([.. Enumerable.Range(0, (int)(2 * B)).Select(clip => SumsOfClip(reference, clip))]) : SumsOf(reference, example, text_2BLD);
            frozen = memory.CachedReference ? CachedReference.Energies(sums_2Bthw, clean_2BCTHW.shape, whole) : PatchEnergies.FromSums(sums_2Bthw, clean_2BCTHW.shape[1], cells);
        }

        (PatchEnergies policyW, PatchEnergies policyL) = (policy.Rows(0, B), policy.Rows(B, B));
        (PatchEnergies frozenW, PatchEnergies frozenL) = (frozen.Rows(0, B), frozen.Rows(B, B));
        PairRewards rewards = new(ones(B), zeros(B), zeros(B, 1, 1, 1), zeros(B, 1, 1, 1));
        GranDpoLoss loss = GranDpoObjective.Compute(policyW, policyL, frozenW, frozenL, rewards, options);
        GranDpoMetrics metrics = GranDpoMetrics.Measure(loss, policyW, policyL, frozenW, frozenL, options);
        loss.Loss.backward();
        if (memory.TwoPass)
        {
            ClipByClip.Backward(policy, OfClip);
        }

        JsonElement config = golden.Json.GetProperty("config");
        double rate = LearningRateSchedule.WarmUpCosine(config.GetProperty("adamw").GetProperty("lr").GetDouble(), config.GetProperty("warmup_steps").GetInt32(), steps, step);
        double norm = optimiser.Step(rate);

        void Near(string name, double actual, double tolerance) =>
            Assert.True(Math.Abs(data["out." + name][step].item<float>() - actual) <= tolerance, $"{golden} step {step} {name}: {actual}, expected {data["out." + name][step].item<float>()}");
        Near("lr", rate, 1e-10);
        Near("loss", metrics.Loss, LossTolerance);
        Near("grad_norm", norm, Math.Max(NormTolerance, NormTolerance * norm / 10));
        Near("implicit_accuracy", metrics.VideoAccuracy!.Value, 0);
        Near("mse_w", metrics.Video.PolicyBetter!.Value, LossTolerance);
        Near("mse_l", metrics.Video.PolicyWorse!.Value, LossTolerance);
        Near("ref_mse_w", metrics.Video.ReferenceBetter!.Value, LossTolerance);
        Near("ref_mse_l", metrics.Video.ReferenceWorse!.Value, LossTolerance);
        TensorAssert.Close(data["out.logit"][step], options.BetaVideo * loss.VideoMargin_B, LogitTolerance, 0, $"{golden} step {step} logit");
    }

    private static void Check(GoldenCase golden, string what, Dictionary<string, Tensor> weights)
    {
        foreach ((string name, Tensor expected) in golden.WithPrefix($"out.{what}."))
        {
            TensorAssert.Close(expected, weights[name], WeightTolerance, 0, $"{golden} {what} {name}");
        }

        string[] names = [.. golden.Json.GetProperty("checksum_names").EnumerateArray().Select(name => name.GetString()!)];
        Assert.Equal(names.Order(StringComparer.Ordinal), weights.Keys.Order(StringComparer.Ordinal));
        Tensor[] ordered = [.. names.Select(name => weights[name].to(ScalarType.Float64))];
        TensorAssert.Close(golden.Tensors[$"out.{what}_sum"], stack([.. ordered.Select(weight => weight.sum())]), ChecksumTolerance, 0, $"{golden} {what} sums");
        TensorAssert.Close(golden.Tensors[$"out.{what}_abs_sum"], stack([.. ordered.Select(weight => weight.abs().sum())]), ChecksumTolerance, 0, $"{golden} {what} absolute sums");
    }

    private static WanTransformer Load(GoldenCase golden)
    {
        string path = golden.Json.GetProperty("params_from").GetProperty("transformer").GetString()!;
        GoldenCase source = golden.Sibling(Path.ChangeExtension(path, null));
        WanTransformer model = new(WanConfig.FromJson(source.Json.GetProperty("config"), source.JsonPath));
        StateLoader.Load(model, source.Parameters(), source.JsonPath);
        return model;
    }
}
