using System.Globalization;
using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Optimisation;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>
/// What the reference takes of the memory of a training of all parameters, twelve blocks of Wan2.1's transformer, each way in a process of its own: no reference (the same clips, no preference), a second network, and
/// energies that are in the cache.
/// </summary>
internal static class ReferenceMemory
{
    private const int Steps = 3;
    private const double MiB = 1 << 20;

    // Of what a second network takes. Memory differs by some MiB from run to run.
    private const double Limit = 0.05;

    private static readonly WanConfig Config = new() { NumAttentionHeads = 8, AttentionHeadDim = 64, FfnDim = 2048, NumLayers = 12, TextDim = 64 };
    private static readonly LatentLattice Lattice = new(2, 16, 16, 8);

    private enum Reference
    {
        None,
        Network,
        Cached,
    }

    /// <param name="threads">Threads of the processes.</param>
    public static bool Run(int threads)
    {
        string cacheFolder = Directory.CreateTempSubdirectory("halolab-benchmark").FullName;
        double Peak(Reference reference) => MemoryRise.Of(Program.ReferenceOnce, reference.ToString(), cacheFolder, "--threads", threads.ToString(CultureInfo.InvariantCulture));

        // Fills the cache.
        _ = Peak(Reference.Cached);
        (double none, double network, double cached) = (Peak(Reference.None), Peak(Reference.Network), Peak(Reference.Cached));
        Directory.Delete(cacheFolder, recursive: true);
        double left = (cached - none) / (network - none);
        bool isKept = left <= Limit;
        Console.WriteLine(FormattableString.Invariant(
            $"peak without a reference {none / MiB:f0} MiB, with a second network {network / MiB:f0} MiB, with cached energies {cached / MiB:f0} MiB: {left:f3} of the network's share is left; limit {Limit}: {(isKept ? "kept" : "EXCEEDED")}"));
        return isKept;
    }

    /// <summary>Trains, and writes the bytes of the process at the peak.</summary>
    public static void Once(string reference, string cacheFolder)
    {
        GranDpoTrainerOptions options = new() { Seed = 1, Steps = Steps, BatchPairs = 1, DrawsPerPair = 1, LearningRate = 1e-6, Grid = new PatchGrid(2, 2, 2) };
        using WanTransformer model = Network();
        using TrainingPairs pairs = RandomPairs.Draw(Steps, options.Grid, Config.InChannels, Lattice, 32, Config.TextDim);
        switch (Enum.Parse<Reference>(reference))
        {
            case Reference.Cached:
                using (GranDpoTrainer trainer = new(model, new WanDenoiser(model), new FlowMatchingTarget(), pairs, options, cacheFolder))
                {
                    trainer.PrepareReference(advanced: null, CancellationToken.None);
                    for (int step = 0; step < Steps; step++)
                    {
                        trainer.Step(step);
                    }
                }

                break;
            case Reference.Network:
                using (WanTransformer copy = Network())
                {
                    TrainByHand(model, pairs, options, copy);
                }

                break;
            default:
                TrainByHand(model, pairs, options, reference: null);
                break;
        }

        Console.WriteLine(ProcessMemory.Peak.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Both clips of a pair at a time, whose errors become smaller; beside it a pass of the reference where there is one, which the trainer offers with adapters only.</summary>
    private static void TrainByHand(WanTransformer model, TrainingPairs pairs, GranDpoTrainerOptions options, WanTransformer? reference)
    {
        FlowMatchingTarget target = new();
        CellSums cells = new(options.Grid, Lattice.Frames, Lattice.Height, Lattice.Width);
        using FlatParameters parameters = new(model.named_parameters().Select(item => (item.name, item.parameter)));
        using AdamW optimiser = new(parameters, options.Optimiser);
        for (int step = 0; step < Steps; step++)
        {
            FreedMemory.CloseGaps();
            using var scope = NewDisposeScope();
            Tensor clean_2CTHW = cat([pairs.LatentsA_NCTHW.narrow(0, step, 1), pairs.LatentsB_NCTHW.narrow(0, step, 1)]);
            TrainingExample example = target.Example(clean_2CTHW, randn_like(clean_2CTHW), full([2], 0.5));
            Tensor context_2LD = pairs.Context_PLD.expand(2, -1, -1);
            PatchEnergies Energies(WanTransformer network)
            {
                using var inner = NewDisposeScope();
                Tensor prediction_2CTHW = new WanDenoiser(network).Predict(example.Noisy_BCTHW, example.Timestep_B, context_2LD);
                return PatchEnergies.Compute(prediction_2CTHW, example.Target_BCTHW, cells).MoveToOuterDisposeScope();
            }

            if (reference is not null)
            {
                using var noGradient = no_grad();
                _ = Energies(reference);
            }

            PatchEnergies energies = Energies(model);
            (energies.Video_B.sum() + energies.Cells_Bthw.sum()).backward();
            parameters.CollectGradients();
            optimiser.Step(options.LearningRate);
        }
    }

    private static WanTransformer Network()
    {
        WanTransformer network = new(Config);
        Initialisation.Draw(network, 1);
        return network;
    }
}
