using System.Diagnostics;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Optimisation;
using HaloLab.Scaling;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>Training steps of the toy generator (first values, random pairs: the arithmetic is that of real ones).</summary>
internal sealed class TrainingSteps : IDisposable
{
    private const int PairCount = 16;
    private const int BatchPairs = 8;
    private static readonly PatchGrid Grid = new(4, 4, 4);
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-benchmark").FullName;
    private readonly List<IDisposable> _owned = [];

    public void Dispose()
    {
        _owned.ForEach(item => item.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The patch term is bookkeeping on energies: a Gran-DPO step should cost what a Diffusion-DPO step costs.</summary>
    public bool Objective(int rounds) => Paired.Compare(
        "step: Gran-DPO / Diffusion-DPO",
        1.03,
        rounds,
        Stepper(Options() with { LoraRank = 8 }),
        Stepper(Options() with { LoraRank = 8, Objective = new GranDpoOptions { Terms = PreferenceTerms.VideoOnly } }));

    /// <summary>A cached reference saves one of three passes.</summary>
    public bool Reference(int rounds)
    {
        GranDpoTrainerOptions lora = Options() with { LoraRank = 8 };
        bool isLoraKept = Paired.Compare("LoRA step: reference cached / computed", 0.75, rounds, Stepper(lora), Stepper(lora with { Reference = ReferenceMode.Computed }));

        // With all parameters trained a computed reference needs a second copy of the model, which the trainer does not offer: a forward pass
        // of the same batch through such a copy is added by hand.
        ToyDenoiser copy = Calling(Denoiser());
        Tensor latents_BCTHW = GaussianNoise.Draw(new RandomStream(1, "reference"), 2 * BatchPairs, 8, 8, 8, 8).DetachFromDisposeScope();
        Tensor timesteps_B = full([2 * BatchPairs], 500, dtype: ScalarType.Int64);
        Tensor context_BLD = GaussianNoise.Draw(new RandomStream(2, "reference"), 2 * BatchPairs, 20, 64);
        _owned.AddRange([latents_BCTHW, timesteps_B, context_BLD]);
        Action fullStep = Stepper(Options());
        bool isFullKept = Paired.Compare("full step: reference cached / computed", 0.85, rounds, fullStep, () =>
        {
            fullStep();
            using var noGradient = no_grad();
            copy.Predict(latents_BCTHW, timesteps_B, context_BLD);
        });
        return isLoraKept && isFullKept;
    }

    /// <summary>Clipping, AdamW and the moving average are a handful of calls on flat vectors: next to nothing beside the passes of a LoRA step.</summary>
    public bool Optimiser(int rounds)
    {
        GranDpoTrainerOptions options = Options() with { LoraRank = 8, AverageDecay = 0.999 };
        UNet3D denoiser = Denoiser();
        FlatParameters parameters = new(options.AttachTo(denoiser)!.Parameters);
        AdamW optimiser = new(parameters, options.Optimiser);
        ExponentialMovingAverage average = new(parameters, options.AverageDecay.Value);
        Tensor gradients = GaussianNoise.Draw(new RandomStream(1, "gradients"), parameters.Gradients.shape);
        _owned.AddRange([gradients, average, optimiser, parameters, denoiser]);
        Console.WriteLine($"  {parameters.Names.Count} parameters in one vector of {parameters.Values.numel():n0}");
        return Paired.Compare("clipping, optimiser and moving average / LoRA step", 0.05, rounds, () =>
        {
            // A backward pass leaves its gradients there; the optimiser clears them.
            parameters.Gradients.copy_(gradients);
            optimiser.Step(options.LearningRate);
            average.Update();
        }, Stepper(options));
    }

    /// <summary>The settings of the steps, of all parameters.</summary>
    public static GranDpoTrainerOptions Options() => new() { Seed = 1, Steps = 2 * PairCount / BatchPairs, BatchPairs = BatchPairs, Grid = Grid, DrawsPerPair = 2, LearningRate = 1e-6 };

    private static UNet3D Denoiser()
    {
        UNet3D denoiser = new(ToyModels.Denoiser);
        Initialisation.Draw(denoiser, 1);
        denoiser.eval();
        return denoiser;
    }

    private static ToyDenoiser Calling(UNet3D denoiser)
    {
        LayoutPrior prior = new();
        Initialisation.Draw(prior, 1);
        return new(denoiser, prior);
    }

    /// <summary>One step after the other of a trainer whose reference is ready.</summary>
    /// <param name="options">Its settings.</param>
    /// <param name="ranks">Who takes the steps together; null: this process alone.</param>
    public Action Stepper(GranDpoTrainerOptions options, Communicator? ranks = null) => Stepper(options, ranks, out _);

    /// <summary>The same, with the trainer.</summary>
    /// <param name="options">Its settings.</param>
    /// <param name="ranks">Who takes the steps together; null: this process alone.</param>
    /// <param name="trainer">What takes them; stays this object's.</param>
    public Action Stepper(GranDpoTrainerOptions options, Communicator? ranks, out GranDpoTrainer trainer)
    {
        UNet3D denoiser = Denoiser();
        TrainingPairs pairs = RandomPairs.Draw(PairCount, Grid, 8, ToyGenerator.Lattice, 20, 64);
        string cache = Directory.CreateTempSubdirectory("halolab-benchmark-cache").FullName;
        GranDpoTrainer stepping = trainer = new(denoiser, Calling(denoiser), ToyModels.TrainingTarget, pairs, options, cache, ranks);
        Stopwatch watch = Stopwatch.StartNew();
        trainer.PrepareReference(advanced: null, CancellationToken.None);
        if (options.Reference == ReferenceMode.Cached)
        {
            Console.WriteLine(FormattableString.Invariant($"  cache of {trainer.ReferenceCount} (pair, draw) built in {watch.Elapsed.TotalSeconds:f2} s"));
        }

        Directory.Delete(cache, recursive: true);
        _owned.AddRange([trainer, pairs, denoiser]);
        long step = 0;
        return () => stepping.Step(step++ % options.Steps);
    }
}
