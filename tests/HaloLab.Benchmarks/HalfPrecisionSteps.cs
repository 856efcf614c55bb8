using HaloLab.Models.Wan;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>A Gran-DPO step on adapters of Wan2.1's transformer whose own weights are bfloat16 or float32; adapters, optimiser and loss are float32 in both.</summary>
internal static class HalfPrecisionSteps
{
    // Half the bytes and, on processors with instructions for bfloat16, more than twice the arithmetic; without these torch emulates it.
    private const double Limit = 0.6;

    private static readonly WanConfig Config = new() { NumAttentionHeads = 4, AttentionHeadDim = 64, FfnDim = 1024, NumLayers = 2, TextDim = 64 };
    private static readonly LatentLattice Lattice = new(4, 16, 16, 8);

    /// <param name="rounds">Rounds that count.</param>
    public static bool Run(int rounds)
    {
        using WanSteps half = new(Config, Lattice, precision: ScalarType.BFloat16);
        using WanSteps single = new(Config, Lattice);
        string flags = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "" : "";
        bool hasInstructions = flags.Contains("bf16", StringComparison.Ordinal);
        Console.WriteLine($"  instructions for bfloat16: {(hasInstructions ? "yes" : "no; without them there is no limit")}");
        return Paired.Compare("LoRA step: bfloat16 / float32", hasInstructions ? Limit : double.PositiveInfinity, rounds, half.Step, single.Step);
    }
}
