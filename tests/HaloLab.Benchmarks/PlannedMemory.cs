using System.Globalization;
using HaloLab.Diffusion;
using HaloLab.Experiments;
using HaloLab.Generation;
using HaloLab.GranDpo;
using HaloLab.Models.CogVideoX;
using HaloLab.Models.Layers;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Models.Wan;
using HaloLab.Videos;

namespace HaloLab.Benchmarks;

/// <summary>What <see cref="TrainingPlan"/> says of a training's memory against what the training then has at its peak, each in a process of its own: denoisers with random weights, all ways to train them.</summary>
internal static class PlannedMemory
{
    private const int Pairs = 2;
    private const int Steps = 3;
    private const double Limit = 0.15;
    private const double MiB = 1 << 20;

    private static readonly Dictionary<string, Func<Model>> Models = new()
    {
        ["Wan2.1, tiny"] = () => Wan(new WanConfig { NumAttentionHeads = 2, AttentionHeadDim = 20, FfnDim = 96, NumLayers = 2, TextDim = 24 }, new LatentLattice(3, 8, 12, 8)),
        ["Wan2.1, 12 blocks of 256"] = () => Wan(new WanConfig { NumAttentionHeads = 4, AttentionHeadDim = 64, FfnDim = 1024, NumLayers = 12, TextDim = 64 }, new LatentLattice(4, 32, 48, 8)),
        ["CogVideoX, 8 blocks of 256"] = () => CogVideoX(new CogVideoXConfig { NumAttentionHeads = 4, NumLayers = 8, TextEmbedDim = 64, MaxTextSeqLength = 64 }, new LatentLattice(4, 32, 48, 8)),
        ["VideoCrafter2, 64 channels"] = () => VideoCrafter2(new UNet3DOptions { ModelChannels = 64, ChannelMultipliers = [1, 2], ResBlocks = 1, AttentionResolutions = [1, 2], ContextChannels = 64 }, new LatentLattice(8, 32, 48, 8)),
    };

    /// <param name="threads">Threads of the processes.</param>
    public static bool Run(int threads)
    {
        bool isKept = true;
        foreach (string name in Models.Keys)
        {
            foreach ((bool recomputes, bool isTwoPass) in new[] { (false, false), (true, false), (false, true), (true, true) })
            {
                double Bytes(string what) => MemoryRise.Of(
                    Program.PlanOnce, name, what, recomputes ? "true" : "false", isTwoPass ? "true" : "false", "--threads", threads.ToString(CultureInfo.InvariantCulture));
                (double planned, double measured) = (Bytes(nameof(Plan)), Bytes(nameof(Train)));
                bool isRight = Math.Abs((planned / measured) - 1) <= Limit;
                isKept &= isRight;
                Console.WriteLine(FormattableString.Invariant(
                    $"{name}{(recomputes ? ", blocks computed again" : "")}{(isTwoPass ? ", two passes" : "")}: planned {planned / MiB:f0} MiB, measured {measured / MiB:f0} MiB, ratio {planned / measured:f3}; within {Limit}: {(isRight ? "kept" : "EXCEEDED")}"));
            }
        }

        return isKept;
    }

    /// <summary>Plans or trains, and writes the bytes of the process at the peak.</summary>
    public static void Once(string name, string what, bool recomputes, bool isTwoPass)
    {
        using Model model = Models[name]();
        Initialisation.Draw(model.Loaded.Module, 1);
        model.Loaded.Module.ReadyForUse();
        if (recomputes)
        {
            Recomputation.SwitchOn(model.Loaded.Module);
        }

        GranDpoTrainerOptions options = new() { Seed = 1, Steps = Steps, BatchPairs = 1, DrawsPerPair = 2, TwoPass = isTwoPass, LoraRank = 8, LearningRate = 1e-6, Grid = new PatchGrid(2, 2, 2) };
        Console.WriteLine((what == nameof(Plan) ? Plan(model, options) : Train(model, options)).ToString(CultureInfo.InvariantCulture));
    }

    private static long Plan(Model model, GranDpoTrainerOptions options) => TrainingPlan.Measure(model.Loaded, model.Target, model.Inputs, options, Pairs, prompts: 1).Peak;

    private static long Train(Model model, GranDpoTrainerOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("halolab-benchmark").FullName;
        DenoiserInputs inputs = model.Inputs;
        using (TrainingPairs pairs = RandomPairs.Draw(Pairs, options.Grid, inputs.Channels, inputs.Lattice, inputs.TextLength, inputs.TextWidth))
        using (GranDpoTrainer trainer = new(model.Loaded.Module, model.Loaded.Denoiser, model.Target, pairs, options, folder))
        {
            trainer.Run(folder);
        }

        Directory.Delete(folder, recursive: true);
        return ProcessMemory.Peak;
    }

    private static Model Wan(WanConfig config, LatentLattice lattice)
    {
        WanTransformer network = new(config);
        return new Model(new(network, new WanDenoiser(network)), new FlowMatchingTarget(), new DenoiserInputs(config.InChannels, lattice, 2, 32, config.TextDim));
    }

    private static Model CogVideoX(CogVideoXConfig config, LatentLattice lattice)
    {
        CogVideoXTransformer network = new(config);
        NoiseScheduleTarget target = new(NoiseSchedule.CogVideoX(3), PredictionTarget.Velocity, "CogVideoX");
        return new Model(new(network, new CogVideoXDenoiser(network)), target, new DenoiserInputs(config.InChannels, lattice, 2, config.MaxTextSeqLength, config.TextEmbedDim));
    }

    private static Model VideoCrafter2(UNet3DOptions options, LatentLattice lattice)
    {
        UNet3D network = new(options);
        NoiseScheduleTarget target = new(NoiseSchedule.VideoCrafter2(), PredictionTarget.Noise, "VideoCrafter2");
        return new Model(new(network, new VideoCrafter2Denoiser(network)), target, new DenoiserInputs(options.InChannels, lattice, 2, 77, options.ContextChannels));
    }

    private sealed record Model(VideoPipeline.LoadedDenoiser Loaded, ITrainingTarget Target, DenoiserInputs Inputs) : IDisposable
    {
        public void Dispose() => Loaded.Dispose();
    }
}
