using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Optimisation;
using HaloLab.Statistics;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>Trains the toy autoencoder on single frames: squared error and a small pull of the codes to a standard normal (Rombach et al. 2022).</summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="steps">Optimiser steps.</param>
internal sealed class AutoencoderTraining(long seed, int steps)
{
    public const string WeightsFile = "vae.safetensors";

    private const int ClipsPerStep = 8;
    private const int FramesPerClip = 2;
    private const double PeakLearningRate = 1e-3;
    private const int WarmUpSteps = 100;
    private const double FirstLogVariance = -6;
    private const double KlWeight = 1e-6;
    private const double AverageDecay = 0.999;
    private const double SecondsPerStep = 0.17;

    private readonly ToyCorpus _corpus = new(seed, "autoencoder corpus", ToyPretraining.DamagedShare);

    public Stage Stage() => new(
        "toy-autoencoder",
        3,
        new JsonObject { ["seed"] = seed, ["steps"] = steps, ["batch"] = ClipsPerStep * FramesPerClip, ["learningRate"] = PeakLearningRate, ["klWeight"] = KlWeight },
        [],
        steps * SecondsPerStep,
        Train);

    private void Train(StageContext context)
    {
        using AutoencoderKL autoencoder = new(ToyModels.Autoencoder);
        Initialisation.Draw(autoencoder, seed);
        StartAlmostWithoutNoise(autoencoder);
        autoencoder.to(Compute.Device);
        using FlatParameters parameters = new(autoencoder.named_parameters());
        using AdamW optimiser = new(parameters, new AdamWOptions(MaximumGradientNorm: 1));
        using ExponentialMovingAverage average = new(parameters, AverageDecay);
        TrainingState state = new(parameters, optimiser, average, $"toy autoencoder, seed {seed}, {steps} steps");
        TrainingLoop loop = new(context.Folder, state, optimiser);
        loop.Run(steps, step => Step(autoencoder, optimiser, average, step), done => context.Report(done, steps));
        parameters.Become(average.Values);
        Safetensors.Save(context.PathOf(WeightsFile), StateLoader.StateOf(autoencoder));
    }

    // The code's log-variances are the second half of what quant_conv gives. At 0, nothing gets through before the means have outgrown the noise.
    private static void StartAlmostWithoutNoise(AutoencoderKL autoencoder)
    {
        using var noGradient = no_grad();
        using Tensor logVariances = autoencoder.quant_conv.bias!.chunk(2)[1];
        logVariances.fill_(FirstLogVariance);
    }

    private JsonObject Step(AutoencoderKL autoencoder, AdamW optimiser, ExponentialMovingAverage average, long step)
    {
        using var scope = NewDisposeScope();
        RandomStream stream = new(seed, "autoencoder step", step);
        Tensor pixels_NCHW = Frames(stream, step).to(Compute.Device);
        DiagonalGaussian code = autoencoder.Encode(pixels_NCHW);
        Tensor noise_NCHW = code.Mean_NCHW.empty_like();
        Initialisation.Normal(noise_NCHW, 1, stream);
        Tensor error = (autoencoder.Decode(code.Sample(noise_NCHW)) - pixels_NCHW).square().mean();
        Tensor kl = (code.Mean_NCHW.square() + code.LogVariance_NCHW.exp() - 1 - code.LogVariance_NCHW).mul(0.5).sum([1, 2, 3]).mean();
        (error + (KlWeight * kl)).backward();
        double gradientNorm = optimiser.Step(LearningRateSchedule.WarmUpCosine(PeakLearningRate, WarmUpSteps, steps, step));
        average.Update();
        return new JsonObject { ["squaredError"] = error.item<float>(), ["kl"] = kl.item<float>(), ["gradientNorm"] = gradientNorm };
    }

    private Tensor Frames(RandomStream stream, long step)
    {
        List<Tensor> frames_CHW = [];
        for (int i = 0; i < ClipsPerStep; i++)
        {
            Tensor clip_CTHW = _corpus[(step * ClipsPerStep) + i].Clip.ToTensor();
            for (int j = 0; j < FramesPerClip; j++)
            {
                frames_CHW.Add(clip_CTHW.select(1, stream.Next(ToyRenderer.Frames)));
            }
        }

        return stack(frames_CHW);
    }
}
