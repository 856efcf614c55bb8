using HaloLab.Diffusion;
using HaloLab.GranDpo;
using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Videos;

namespace HaloLab.Benchmarks;

/// <summary>
/// Steps of Gran-DPO on adapters of Wan2.1's transformer at twelve narrow blocks, a pair a step: its blocks kept or computed again, both clips at once or one after the other. Time in turn in one process, the
/// peak of memory beside the weights each in a process of its own.
/// </summary>
internal sealed class RecomputedBlocks : IDisposable
{
    private const int PairCount = 2;
    private const double MiB = 1 << 20;

    // One forward more beside a forward and a backward of about twice that; with the first pass of two it is two more.
    private const double TimeLimit = 1.5;
    private const double TwoPassTimeLimit = 2;
    private const double MemoryLimit = 0.45;

    private static readonly WanConfig Config = new() { NumAttentionHeads = 4, AttentionHeadDim = 64, FfnDim = 1024, NumLayers = 12, TextDim = 64 };
    private static readonly LatentLattice Lattice = new(4, 32, 32, 8);

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-benchmark").FullName;
    private readonly WanTransformer _model;
    private readonly TrainingPairs _pairs;
    private readonly GranDpoTrainer _trainer;
    private readonly GranDpoTrainerOptions _options;
    private long _step;

    private RecomputedBlocks(bool recomputes, bool isTwoPass)
    {
        _model = new WanTransformer(Config) { Recomputes = recomputes };
        Initialisation.Draw(_model, 1);
        _pairs = RandomPairs.Draw(PairCount, new PatchGrid(4, 4, 4), Config.InChannels, Lattice, 32, Config.TextDim);
        _options = new() { Seed = 1, Steps = PairCount, BatchPairs = 1, DrawsPerPair = 1, TwoPass = isTwoPass, LoraRank = 8, LearningRate = 1e-6 };
        _trainer = new GranDpoTrainer(_model, new WanDenoiser(_model), new FlowMatchingTarget(), _pairs, _options, _folder);

        // The kernels' own memory is there from here on.
        _trainer.PrepareReference(advanced: null, CancellationToken.None);
    }

    /// <param name="rounds">Rounds that count.</param>
    /// <param name="threads">Threads of the processes.</param>
    public static bool Run(int rounds, int threads)
    {
        using RecomputedBlocks kept = new(recomputes: false, isTwoPass: false);
        using RecomputedBlocks again = new(recomputes: true, isTwoPass: false);
        using RecomputedBlocks twoPass = new(recomputes: true, isTwoPass: true);
        bool isFast = Paired.Compare("blocks computed again / kept", TimeLimit, rounds, again.Step, kept.Step);
        isFast &= Paired.Compare("blocks computed again, two passes / kept, at once", TwoPassTimeLimit, rounds, twoPass.Step, kept.Step);
        double plain = Peak(recomputes: false, isTwoPass: false, threads);
        bool isSmall = true;
        foreach ((string name, bool recomputes, bool isTwoPass) in new[] { ("two passes", false, true), ("blocks computed again", true, false), ("blocks computed again, two passes", true, true) })
        {
            double peak = Peak(recomputes, isTwoPass, threads);
            bool isKept = !recomputes || peak <= MemoryLimit * plain;
            isSmall &= isKept;
            Console.WriteLine(FormattableString.Invariant($"{name}: peak beside the weights {peak / MiB:f0} MiB / {plain / MiB:f0} MiB, ratio {peak / plain:f3}{(recomputes ? $"; limit {MemoryLimit}: {(isKept ? "kept" : "EXCEEDED")}" : "")}"));
        }

        return isFast && isSmall;
    }

    /// <summary>Writes by how many bytes the memory rose at the peak of a step.</summary>
    public static void Once(bool recomputes, bool isTwoPass)
    {
        using RecomputedBlocks steps = new(recomputes, isTwoPass);

        // What the reference has left would hide as much of the step.
        FreedMemory.GiveBack();
        MemoryRise.Write(steps.Step);
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _pairs.Dispose();
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Step() => _trainer.Step(_step++ % _options.Steps);

    private static double Peak(bool recomputes, bool isTwoPass, int threads) =>
        MemoryRise.Of(Program.StepOnce, recomputes ? "true" : "false", isTwoPass ? "true" : "false", "--threads", FormattableString.Invariant($"{threads}"));
}
