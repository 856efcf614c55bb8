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
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// Trains the toy denoiser on the encoded corpus, with the empty prompt in place of some captions so that classifier-free guidance has something
/// to compare with (Ho and Salimans 2022, arXiv 2207.12598). First on single frames, without the layers that mix frames, as VideoCrafter2 begins with a
/// trained image model: the frames of one clip show the same shapes, so as many frames of different clips teach far more about shapes in the same time.
/// Text tower and layout prior stay as they are then: trained along from the start, they forget the kind of an object before the denoiser has learned to
/// use it (docs/toy-world.md). Then on clips, with text tower and layout prior (<see cref="KindOfColour"/> says what for), and with timesteps counting by
/// the inverse of the error that training starts with (Karras et al. 2023, arXiv 2312.02696, learn it), so that the large error that nobody can avoid
/// where the layout is still open does not drown the small one by which outlines show.
/// </summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="steps">Optimiser steps.</param>
/// <param name="clipsPerStep">Clips in a step; on frames, as many frames as so many clips have.</param>
/// <param name="corpusClips">Size of the corpus.</param>
/// <param name="latents">The stage that encodes the corpus.</param>
/// <param name="prior">The stage that trains text tower and layout prior.</param>
/// <param name="start">The stage whose denoiser is trained on with clips: trained on frames, or a generator that was given. Null for the training on frames, from nothing.</param>
internal sealed class GeneratorTraining(long seed, int steps, int clipsPerStep, int corpusClips, Stage latents, Stage prior, Stage? start)
{
    public const string DenoiserFile = "unet.safetensors";

    /// <summary>Key of the latents' scale in the metadata of <see cref="DenoiserFile"/>.</summary>
    public const string ScaleKey = "latent_scale";

    private const double PeakLearningRate = 1e-3;
    private const int WarmUpSteps = 200;
    private const double AverageDecay = 0.999;
    private const double KindWeight = 0.1;
    private const double SecondsPerClip = 0.03;

    /// <summary>Timesteps that share a weight.</summary>
    private const int WeightSpan = 100;

    /// <summary>Steps from one look at the held-out clips to the next; a look takes as long as ten steps.</summary>
    private const int StepsPerLook = 500;

    /// <summary>Timestep from which the caption matters most: below it, nearly everything shows in the noisy latents. The held-out clips are noised from here on.</summary>
    private const int FirstCaptionTimestep = 500;

    private readonly string _name = start is null ? "toy-generator-frames" : "toy-generator";

    public Stage Stage() => new(
        _name,
        8,
        new JsonObject
        {
            ["seed"] = seed,
            ["steps"] = steps,
            ["batch"] = clipsPerStep,
            ["learningRate"] = PeakLearningRate,
            ["denoiser"] = JsonSerializer.SerializeToNode(ToyModels.Denoiser),
            ["text"] = JsonSerializer.SerializeToNode(ToyModels.Text),
        },
        [.. new[] { latents, prior, start }.OfType<Stage>().Distinct()],
        steps * clipsPerStep * SecondsPerClip,
        Train);

    private void Train(StageContext context)
    {
        using var heldOutScope = NewDisposeScope();
        using EncodedCorpus corpus = EncodedCorpus.Load(context, latents, corpusClips);
        using UNet3D network = new(ToyModels.Denoiser);
        using TextTower text = new(ToyModels.Text);
        using LayoutPrior layout = new();
        string conditions = (start ?? prior).Name;
        ToyGenerator.Fill(text, context.Input(conditions, LayoutPriorTraining.TextFile));
        ToyGenerator.Fill(layout, context.Input(conditions, LayoutPriorTraining.LayoutFile));
        Initialisation.Draw(network, seed);
        bool singleFrames = start is null;
        if (start is null)
        {
            // At their first values these layers add nothing.
            foreach (nn.Module mixer in network.modules().Where(module => module is TemporalConvolutions or TemporalTransformer))
            {
                mixer.Freeze();
            }

            text.Freeze();
            layout.Freeze();
        }
        else
        {
            GeneratorStart.Fill(network, context.Input(start.Name, DenoiserFile));
        }

        (Tensor heldOut_BCTHW, Tensor heldOutTokens_BL) = corpus.Rest();
        Tensor heldOutNoise_BCTHW = GaussianNoise.Draw(new RandomStream(seed, "generator held-out noise"), heldOut_BCTHW.shape).to(Compute.Device);

        using KindOfColour kinds = new();
        Initialisation.Draw(kinds, seed);
        foreach (nn.Module module in new nn.Module[] { network, text, layout, kinds })
        {
            module.to(Compute.Device);
        }

        ToyDenoiser denoiser = new(network, layout);
        using FlatParameters parameters = singleFrames
            ? new(network.named_parameters()) : FlatParameters.Of(("unet", network), ("text", text), ("layout", layout), ("kinds", kinds));
        using AdamW optimiser = new(parameters, new AdamWOptions(MaximumGradientNorm: 1));
        using ExponentialMovingAverage average = new(parameters, AverageDecay);
        TrainingState state = new(parameters, optimiser, average, $"{_name}, seed {seed}, {steps} steps");
        TrainingLoop loop = new(context.Folder, state, optimiser);
        float[] weights = singleFrames ? [.. Enumerable.Repeat(1f, NoiseSchedule.Timesteps / WeightSpan)] : Weights();
        JsonFile.Write(context.PathOf("timestep-weights.json"), weights);
        loop.Run(steps, Step, done => context.Report(done, steps));
        parameters.Become(average.Values);
        Dictionary<string, string> metadata = new() { [ScaleKey] = corpus.Scale.ToString("R", CultureInfo.InvariantCulture) };
        Safetensors.Save(context.PathOf(DenoiserFile), StateLoader.StateOf(network).ToDictionary(item => item.Key, item => item.Value.to(ScalarType.Float16)), metadata);
        Safetensors.Save(context.PathOf(LayoutPriorTraining.TextFile), StateLoader.StateOf(text));
        Safetensors.Save(context.PathOf(LayoutPriorTraining.LayoutFile), StateLoader.StateOf(layout));

        JsonObject Step(long step)
        {
            using var scope = NewDisposeScope();
            RandomStream stream = new(seed, _name + " step", step);
            int frames = ToyGenerator.Lattice.Frames;
            int batch = singleFrames ? clipsPerStep * frames : clipsPerStep;
            (Tensor clean_BCTHW, Tensor tokens_BL) = corpus.Draw(stream, batch);
            Tensor? frame_B = null;
            if (singleFrames)
            {
                frame_B = tensor([.. Enumerable.Range(0, batch).Select(_ => (long)stream.Next(frames))], device: Compute.Device);
                clean_BCTHW = ToyDenoiser.Frame(clean_BCTHW, frame_B);
            }

            long[] timesteps = [.. Enumerable.Range(0, batch).Select(_ => (long)stream.Next(NoiseSchedule.Timesteps))];
            Tensor noise_BCTHW = GaussianNoise.Draw(stream, clean_BCTHW.shape).to(Compute.Device);
            Tensor context_BLD = text.call(tokens_BL);
            Tensor error_B = Error(clean_BCTHW, noise_BCTHW, tensor(timesteps, device: Compute.Device), context_BLD, frame_B);
            Tensor weights_B = tensor(timesteps.Select(timestep => weights[timestep / WeightSpan]).ToArray(), device: Compute.Device);
            Tensor loss = (weights_B * error_B).mean();
            JsonObject metrics = Summary(error_B.cpu().data<float>().ToArray(), timesteps);
            if (!singleFrames)
            {
                Tensor kindLoss = kinds.call(tokens_BL, layout.call(context_BLD).Summary_BE);
                loss += KindWeight * kindLoss;
                metrics["kindLoss"] = kindLoss.item<float>();
            }

            loss.backward();
            metrics["gradientNorm"] = optimiser.Step(LearningRateSchedule.WarmUpCosine(PeakLearningRate, WarmUpSteps, steps, step));
            average.Update();
            if ((step + 1) % StepsPerLook == 0)
            {
                metrics["heldOut"] = Look();
            }

            return metrics;
        }

        // Mean squared error of the velocity, per clip.
        Tensor Error(Tensor clean_BCTHW, Tensor noise_BCTHW, Tensor timesteps_B, Tensor context_BLD, Tensor? frame_B = null)
        {
            Tensor noisy_BCTHW = ToyModels.Schedule.AddNoise(clean_BCTHW, noise_BCTHW, timesteps_B);
            Tensor target_BCTHW = ToyModels.Schedule.TargetOf(ToyModels.Target, clean_BCTHW, noise_BCTHW, timesteps_B);
            return (denoiser.Predict(noisy_BCTHW, timesteps_B, context_BLD, frame_B) - target_BCTHW).square().mean([1, 2, 3, 4]);
        }

        JsonObject Look()
        {
            using var scope = NewDisposeScope();
            return CaptionGain.Measure(heldOutTokens_BL, tokens_BL => HeldOutError(FirstCaptionTimestep, NoiseSchedule.Timesteps, tokens_BL));
        }

        // By timestep, in steps of WeightSpan; 1 on average.
        float[] Weights()
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            float[] inverse = [.. Enumerable.Range(0, NoiseSchedule.Timesteps / WeightSpan)
                .Select(i => 1 / HeldOutError(i * WeightSpan, (i + 1) * WeightSpan, heldOutTokens_BL))];
            float mean = inverse.Average();
            return [.. inverse.Select(value => value / mean)];
        }

        // The held-out clips, given these tokens, at timesteps spread evenly from one to before another.
        float HeldOutError(int from, int to, Tensor tokens_BL)
        {
            Tensor timesteps_B = tensor([.. Enumerable.Range(0, corpus.HeldOut).Select(i => (long)(from + (i * (to - from) / corpus.HeldOut)))], device: Compute.Device);
            return Error(heldOut_BCTHW, heldOutNoise_BCTHW, timesteps_B, text.call(tokens_BL)).mean().item<float>();
        }
    }

    private static JsonObject Summary(float[] errors, long[] timesteps)
    {
        JsonObject metrics = new() { ["loss"] = errors.Average() };
        foreach ((string name, int from, int to) in new[] { ("lossLowNoise", 0, 400), ("lossMiddle", 400, 800), ("lossHighNoise", 800, 1000) })
        {
            float[] within = [.. errors.Where((_, i) => timesteps[i] >= from && timesteps[i] < to)];
            metrics[name] = within.Length > 0 ? within.Average() : null;
        }

        return metrics;
    }
}
