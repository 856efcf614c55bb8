using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Videos;

namespace HaloLab.Benchmarks;

/// <summary>
/// Steps of Gran-DPO on adapters of Wan2.1's transformer at twelve narrow blocks, a pair a step: its blocks kept or computed again, both clips at once or one after the other. Time in turn in one process, the
/// peak of memory beside the weights each in a process of its own.
/// </summary>
internal static class RecomputedBlocks
{
    private const double MiB = 1 << 20;

    // One forward more beside a forward and a backward of about twice that; with the first pass of two it is two more.
    private const double TimeLimit = 1.5;
    private const double TwoPassTimeLimit = 2;
    private const double MemoryLimit = 0.45;

    private static readonly WanConfig Config = new() { NumAttentionHeads = 4, AttentionHeadDim = 64, FfnDim = 1024, NumLayers = 12, TextDim = 64 };
    private static readonly LatentLattice Lattice = new(4, 32, 32, 8);

    /// <param name="rounds">Rounds that count.</param>
    /// <param name="threads">Threads of the processes.</param>
    public static bool Run(int rounds, int threads)
    {
        using WanSteps kept = Steps(recomputes: false, isTwoPass: false);
        using WanSteps again = Steps(recomputes: true, isTwoPass: false);
        using WanSteps twoPass = Steps(recomputes: true, isTwoPass: true);
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
        using WanSteps steps = Steps(recomputes, isTwoPass);

        // What the reference has left would hide as much of the step.
        FreedMemory.GiveBack();
        MemoryRise.Write(steps.Step);
    }

    private static WanSteps Steps(bool recomputes, bool isTwoPass) => new(Config, Lattice, recomputes, isTwoPass);

    private static double Peak(bool recomputes, bool isTwoPass, int threads) =>
        MemoryRise.Of(Program.StepOnce, recomputes ? "true" : "false", isTwoPass ? "true" : "false", "--threads", FormattableString.Invariant($"{threads}"));
}
