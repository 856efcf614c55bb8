using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Checkpoints;
using HaloLab.Experiments;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Optimisation;
using HaloLab.Statistics;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.ToyWorld.Pretraining;

/// <summary>
/// Trains the text tower and the layout prior to say a clip's latents from its caption alone, by squared error, so that the denoiser starts with text
/// that means something, as VideoCrafter2 starts with a trained CLIP. The summary must also give the caption's words back: the average hardly
/// depends on the kind of an object whose place is unknown, and without that task nor would text and summary.
/// </summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="steps">Optimiser steps.</param>
/// <param name="corpusClips">Size of the corpus.</param>
/// <param name="latents">The stage that encodes the corpus.</param>
internal sealed class LayoutPriorTraining(long seed, int steps, int corpusClips, Stage latents)
{
    public const string TextFile = "text.safetensors";
    public const string LayoutFile = "layout.safetensors";

    private const int Batch = 64;
    private const double PeakLearningRate = 1e-3;
    private const int WarmUpSteps = 50;
    private const double AverageDecay = 0.99;
    private const double SecondsPerStep = 0.05;

    public Stage Stage() => new(
        "toy-layout-prior",
        3,
        new JsonObject
        {
            ["seed"] = seed,
            ["steps"] = steps,
            ["batch"] = Batch,
            ["learningRate"] = PeakLearningRate,
            ["text"] = JsonSerializer.SerializeToNode(ToyModels.Text),
        },
        [latents],
        steps * SecondsPerStep,
        Train);

    private void Train(StageContext context)
    {
        using EncodedCorpus corpus = EncodedCorpus.Load(context, latents, corpusClips);
        using TextTower text = new(ToyModels.Text);
        using LayoutPrior prior = new();
        using Linear words = new(LayoutPrior.SummaryWidth, ToyModels.Text.ContextLength * ToyModels.Text.VocabularySize);
        Initialisation.Draw(text, seed);
        Initialisation.Draw(prior, seed);
        Initialisation.Draw(words, seed);
        foreach (Module module in new Module[] { text, prior, words })
        {
            module.to(Compute.Device);
        }

        using FlatParameters parameters = FlatParameters.Of(("text", text), ("layout", prior), ("words", words));
        using AdamW optimiser = new(parameters, new AdamWOptions(MaximumGradientNorm: 1));
        using ExponentialMovingAverage average = new(parameters, AverageDecay);
        TrainingState state = new(parameters, optimiser, average, $"toy layout prior, seed {seed}, {steps} steps");
        TrainingLoop loop = new(context.Folder, state, optimiser);
        loop.Run(steps, Step, done => context.Report(done, steps));
        parameters.Become(average.Values);
        JsonFile.Write(context.PathOf("caption-gain.json"), HeldOut());
        Safetensors.Save(context.PathOf(TextFile), StateLoader.StateOf(text));
        Safetensors.Save(context.PathOf(LayoutFile), StateLoader.StateOf(prior));

        JsonObject Step(long step)
        {
            using var scope = NewDisposeScope();
            (Tensor clean_BCTHW, Tensor tokens_BL) = corpus.Draw(new RandomStream(seed, "layout prior step", step), Batch);
            LayoutPrior.Answer answer = prior.call(text.call(tokens_BL));
            Tensor loss = Error(answer, clean_BCTHW);
            Tensor wordLoss = functional.cross_entropy(words.call(answer.Summary_BE).view(-1, ToyModels.Text.VocabularySize), tokens_BL.flatten());
            (loss + wordLoss).backward();
            double gradientNorm = optimiser.Step(LearningRateSchedule.WarmUpCosine(PeakLearningRate, WarmUpSteps, steps, step));
            average.Update();
            return new JsonObject { ["loss"] = loss.item<float>(), ["wordLoss"] = wordLoss.item<float>(), ["gradientNorm"] = gradientNorm };
        }

        JsonObject HeldOut()
        {
            using var scope = NewDisposeScope();
            (Tensor clean_BCTHW, Tensor tokens_BL) = corpus.Rest();
            return CaptionGain.Measure(tokens_BL, changed_BL => Error(prior.call(text.call(changed_BL)), clean_BCTHW).item<float>());
        }

        static Tensor Error(LayoutPrior.Answer answer, Tensor clean_BCTHW) => (answer.Average_BCTHW - clean_BCTHW).square().mean();
    }
}
