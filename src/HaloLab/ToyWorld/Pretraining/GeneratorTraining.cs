using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Diffusion;
using HaloLab.Experiments;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Optimisation;
using HaloLab.Statistics;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// Trains the toy denoiser and its text tower together on the encoded corpus, with the empty prompt in place of some captions so that
/// classifier-free guidance has something to compare with (Ho and Salimans 2022, arXiv 2207.12598).
/// </summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="steps">Optimiser steps.</param>
/// <param name="corpusClips">Size of the corpus.</param>
/// <param name="latents">The stage that encodes the corpus.</param>
internal sealed class GeneratorTraining(long seed, int steps, int corpusClips, Stage latents)
{
    public const string DenoiserFile = "unet.safetensors";
    public const string TextFile = "text.safetensors";

    /// <summary>Key of the latents' scale in the metadata of <see cref="DenoiserFile"/>.</summary>
    public const string ScaleKey = "latent_scale";

    private const int Batch = 32;
    private const double PeakLearningRate = 1e-3;
    private const int WarmUpSteps = 200;
    private const double AverageDecay = 0.999;
    private const double EmptyPromptShare = 0.1;
    private const double SecondsPerStep = 0.9;

    public Stage Stage() => new(
        "toy-generator",
        1,
        new JsonObject
        {
            ["seed"] = seed,
            ["steps"] = steps,
            ["batch"] = Batch,
            ["learningRate"] = PeakLearningRate,
            ["emptyPromptShare"] = EmptyPromptShare,
            ["denoiser"] = JsonSerializer.SerializeToNode(ToyModels.Denoiser),
            ["text"] = JsonSerializer.SerializeToNode(ToyModels.Text),
        },
        [latents],
        steps * SecondsPerStep,
        Train);

    private void Train(StageContext context)
    {
        using var outer = NewDisposeScope();
        (Tensor latents_NCTHW, Tensor tokens_NL, double scale) = LoadCorpus(context);
        using UNet3D denoiser = new(ToyModels.Denoiser);
        using TextTower text = new(ToyModels.Text);
        Initialisation.Draw(denoiser, seed);
        Initialisation.Draw(text, seed);
        using FlatParameters parameters = new([
            .. denoiser.named_parameters().Select(item => ("denoiser." + item.name, item.parameter)),
            .. text.named_parameters().Select(item => ("text." + item.name, item.parameter))]);
        using AdamW optimiser = new(parameters, new AdamWOptions(MaximumGradientNorm: 1));
        using ExponentialMovingAverage average = new(parameters, AverageDecay);
        TrainingState state = new(parameters, optimiser, average, $"toy generator, seed {seed}, {steps} steps");
        TrainingLoop loop = new(context.Folder, state, optimiser);
        loop.Run(
            steps,
            step =>
            {
                using var scope = NewDisposeScope();
                JsonObject metrics = Step(denoiser, text, latents_NCTHW, tokens_NL, scale, step);
                metrics["gradientNorm"] = optimiser.Step(LearningRateSchedule.WarmUpCosine(PeakLearningRate, WarmUpSteps, steps, step));
                average.Update();
                return metrics;
            },
            done => context.Report(done, steps));
        parameters.WriteBack(average.Values);
        Dictionary<string, string> metadata = new() { [ScaleKey] = scale.ToString("R", CultureInfo.InvariantCulture) };
        Safetensors.Save(context.PathOf(DenoiserFile), StateLoader.StateOf(denoiser).ToDictionary(item => item.Key, item => item.Value.to(ScalarType.Float16)), metadata);
        Safetensors.Save(context.PathOf(TextFile), StateLoader.StateOf(text));
        loop.Finish();
    }

    private JsonObject Step(UNet3D denoiser, TextTower text, Tensor latents_NCTHW, Tensor tokens_NL, double scale, long step)
    {
        RandomStream stream = new(seed, "generator step", step);
        long[] rows = new long[Batch];
        long[] timesteps = new long[Batch];
        bool[] isEmpty = new bool[Batch];
        for (int i = 0; i < Batch; i++)
        {
            rows[i] = stream.Next(corpusClips);
            isEmpty[i] = stream.NextDouble() < EmptyPromptShare;

            // Density rises with the noise: layout and motion are decided there, and are what a small model learns last.
            timesteps[i] = (long)(NoiseSchedule.Timesteps * Math.Sqrt(stream.NextDouble()));
        }

        Tensor rows_B = tensor(rows);
        Tensor timesteps_B = tensor(timesteps);
        Tensor clean_BCTHW = latents_NCTHW.index_select(0, rows_B).to(ScalarType.Float32).mul(scale);
        Tensor noise_BCTHW = GaussianNoise.Draw(stream, clean_BCTHW.shape);
        Tensor empty_L = tensor(new ToyTokenizer().Encode(""));
        Tensor tokens_BL = where(tensor(isEmpty).unsqueeze(1), empty_L, tokens_NL.index_select(0, rows_B));
        Tensor noisy_BCTHW = ToyModels.Schedule.AddNoise(clean_BCTHW, noise_BCTHW, timesteps_B);
        Tensor target_BCTHW = ToyModels.Schedule.TargetOf(ToyModels.Target, clean_BCTHW, noise_BCTHW, timesteps_B);
        UNet3DConditioning conditioning = new(text.call(tokens_BL)) { FramesPerSecond = ToyRenderer.FramesPerSecond };
        Tensor error_B = (denoiser.call(noisy_BCTHW, timesteps_B, conditioning) - target_BCTHW).square().mean([1, 2, 3, 4]);
        error_B.mean().backward();

        float[] errors = error_B.data<float>().ToArray();
        JsonObject metrics = new() { ["loss"] = errors.Average() };
        foreach ((string name, int from, int to) in new[] { ("lossLowNoise", 0, 400), ("lossMiddle", 400, 800), ("lossHighNoise", 800, 1000) })
        {
            float[] within = [.. errors.Where((_, i) => timesteps[i] >= from && timesteps[i] < to)];
            metrics[name] = within.Length > 0 ? within.Average() : null;
        }

        return metrics;
    }

    private (Tensor Latents_NCTHW, Tensor Tokens_NL, double Scale) LoadCorpus(StageContext context)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor>[] files =
        [
            .. Enumerable.Range(0, corpusClips / LatentEncoding.ClipsPerFile).Select(i => Safetensors.Load(context.Input(latents.Name, LatentEncoding.FileName(i)))),
        ];
        Tensor latents_NCTHW = cat([.. files.Select(file => file["latents"])]);
        Tensor tokens_NL = cat([.. files.Select(file => file["tokens"])]);

        // As latent diffusion does: unit variance over a part of the corpus.
        double scale = 1.0 / files[0]["latents"].to(ScalarType.Float32).std().item<float>();
        return (latents_NCTHW.MoveToOuterDisposeScope(), tokens_NL.MoveToOuterDisposeScope(), scale);
    }
}
