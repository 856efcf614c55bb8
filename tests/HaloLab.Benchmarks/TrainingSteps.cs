using System.Diagnostics;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Models.Wan;
using HaloLab.Optimisation;
using HaloLab.Scaling;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using HaloLab.ToyWorld.Reproduction;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>Training steps of the toy generator (first values, random pairs: the arithmetic is that of real ones).</summary>
internal sealed class TrainingSteps : IDisposable
{
    private const int PairCount = 16;
    private const int BatchPairs = 8;

    // A round of all arms takes forty steps.
    private const int RoundsPerRoundOfArms = 8;
    private const int LeastRounds = 5;
    private static readonly PatchGrid Grid = new(4, 4, 4);
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-benchmark").FullName;
    private readonly List<IDisposable> _owned = [];

    public void Dispose()
    {
        _owned.ForEach(item => item.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The patch term is bookkeeping on energies: a Gran-DPO step should cost what a Diffusion-DPO step costs, with the toy generator's patches and with 4,096 of them on a narrow Wan2.1.</summary>
    public bool Objective(int rounds)
    {
        bool isFewKept = Paired.Compare(
            "step with 4x4x4 patches: Gran-DPO / Diffusion-DPO",
            1.03,
            rounds,
            Stepper(Options() with { LoraRank = 8 }),
            Stepper(Options() with { LoraRank = 8, Objective = new GranDpoOptions { Terms = PreferenceTerms.VideoOnly } }));
        using WanSteps halo = Fine(PreferenceTerms.VideoAndPatch);
        using WanSteps video = Fine(PreferenceTerms.VideoOnly);
        return Paired.Compare("step with 16x16x16 patches on latents of 16x32x32: Gran-DPO / Diffusion-DPO", 1.05, rounds, halo.Step, video.Step) && isFewKept;

        static WanSteps Fine(PreferenceTerms terms) =>
            new(new WanConfig { NumLayers = 2, NumAttentionHeads = 2, AttentionHeadDim = 64, FfnDim = 256, TextDim = 64 }, new LatentLattice(16, 32, 32, SpatialStride: 8, TemporalStride: 4), patches: 16, terms: terms);
    }

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
        return ArmsTogether(rounds) && isLoraKept && isFullKept;
    }

    /// <summary>All arms with preferences on the same pairs and draws, each taking every draw once: one cache, built first, against a reference in every step.</summary>
    private bool ArmsTogether(int rounds)
    {
        GranDpoTrainerOptions[] arms =
        [
            .. ReproductionArm.All.Where(arm => arm.Terms != PreferenceTerms.None)
                .Select(arm => Options() with { LoraRank = 8, Grid = arm.Grid ?? Grid, ReferencePartition = Grid, VideoReward = arm.VideoReward, Objective = new GranDpoOptions { Terms = arm.Terms } }),
        ];
        Action[] cached = [.. arms.Select(options => Stepper(options))];
        Action[] computed = [.. arms.Select(options => Stepper(options with { Reference = ReferenceMode.Computed }))];
        return Paired.Compare($"{arms.Length} arms together: reference cached, its building included / computed", 1, Math.Max(LeastRounds, rounds / RoundsPerRoundOfArms), () =>
        {
            Build(arms[0]);
            TakeAll(cached);
        }, () => TakeAll(computed));

        static void Build(GranDpoTrainerOptions options)
        {
            using UNet3D denoiser = Denoiser();
            using TrainingPairs pairs = Pairs();
            string cache = Directory.CreateTempSubdirectory("halolab-benchmark-cache").FullName;
            using GranDpoTrainer trainer = new(denoiser, Calling(denoiser), ToyModels.TrainingTarget, pairs, options, cache);
            trainer.PrepareReference(advanced: null, CancellationToken.None);
            Directory.Delete(cache, recursive: true);
        }

        static void TakeAll(Action[] steps)
        {
            foreach (Action step in steps)
            {
                for (int i = 0; i < Options().Steps; i++)
                {
                    step();
                }
            }
        }
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

    private static TrainingPairs Pairs() => RandomPairs.Draw(PairCount, Grid, 8, ToyGenerator.Lattice, 20, 64);

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
        TrainingPairs pairs = Pairs();
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
