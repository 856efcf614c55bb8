using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>A Gran-DPO step on adapters of Wan2.1's transformer whose own weights are bfloat16 or float32; adapters, optimiser and loss are float32 in both.</summary>
internal sealed class HalfPrecisionSteps : IDisposable
{
    private const int PairCount = 2;

    // Half the bytes and, on processors with instructions for bfloat16, more than twice the arithmetic; without these torch emulates it.
    private const double Limit = 0.6;

    private static readonly WanConfig Config = new() { NumAttentionHeads = 4, AttentionHeadDim = 64, FfnDim = 1024, NumLayers = 2, TextDim = 64 };
    private static readonly LatentLattice Lattice = new(4, 16, 16, 8);

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-benchmark").FullName;
    private readonly WanTransformer _model;
    private readonly TrainingPairs _pairs;
    private readonly GranDpoTrainer _trainer;
    private readonly GranDpoTrainerOptions _options = new() { Seed = 1, Steps = PairCount, BatchPairs = 1, DrawsPerPair = 1, LoraRank = 8, LearningRate = 1e-6 };
    private long _step;

    private HalfPrecisionSteps(ScalarType precision)
    {
        _model = new WanTransformer(Config);
        Initialisation.Draw(_model, 1);
        _model.In(precision);
        _pairs = RandomPairs.Draw(PairCount, new PatchGrid(4, 4, 4), Config.InChannels, Lattice, 32, Config.TextDim);
        _trainer = new GranDpoTrainer(_model, new WanDenoiser(_model), new FlowMatchingTarget(), _pairs, _options, _folder);
        _trainer.PrepareReference(advanced: null, CancellationToken.None);
    }

    /// <param name="rounds">Rounds that count.</param>
    public static bool Run(int rounds)
    {
        using HalfPrecisionSteps half = new(ScalarType.BFloat16);
        using HalfPrecisionSteps single = new(ScalarType.Float32);
        string flags = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "" : "";
        bool hasInstructions = flags.Contains("bf16", StringComparison.Ordinal);
        Console.WriteLine($"  instructions for bfloat16: {(hasInstructions ? "yes" : "no; without them there is no limit")}");
        return Paired.Compare("LoRA step: bfloat16 / float32", hasInstructions ? Limit : double.PositiveInfinity, rounds, half.Step, single.Step);
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _pairs.Dispose();
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Step() => _trainer.Step(_step++ % _options.Steps);
}
