using HaloLab.Models.Wan;
using HaloLab.Videos;

namespace HaloLab.Benchmarks;

/// <summary>
/// Calculated, not measured: what a run of HALO on Wan2.1-1.3B takes on some accelerators, from the arithmetic of its transformer and assumptions that are printed beside it (docs/scaling.md explains each).
/// </summary>
internal static class RunCost
{
    // Clips of Wan2.1 at its own size, 81 frames of 832 × 480: latents of 21 × 60 × 104.
    private static readonly LatentLattice Lattice = new(21, 60, 104, 8);
    private static readonly WanConfig Config = new();
    private const long TextTokens = 512;

    // The run. The paper's own sizes are not known to us.
    private const int Prompts = 2000;
    private const int ClipsPerPrompt = 4;
    private const int SamplerSteps = 50;
    private const int PassesPerSamplerStep = 2;
    private const int TrainingSteps = 1000;
    private const int BatchPairs = 64;
    private const int PairsPerPrompt = 2;
    private const int DrawsPerPair = 8;
    private const int LoraRank = 16;
    private const int AdaptedLayersPerBlock = 8;

    // The machines. Peak: an H100's dense bfloat16 products; what is reached of it, the network and the price are assumed.
    private const double PeakFlops = 989e12;
    private const double Utilisation = 0.35;
    private const double NetworkBytesPerSecond = 25e9;
    private const double SecondsPerMessage = 20e-6;
    private const double DollarsPerHour = 2.5;

    /// <summary>Prints the table for 1, 8 and 64 accelerators.</summary>
    /// <param name="efficiency">Share of the speed that ranks keep beside each other, as `ranks` measured it.</param>
    public static bool Run(double efficiency)
    {
        double forward = ForwardFlops();
        double adapters = (double)Config.NumLayers * AdaptedLayersPerBlock * 2 * LoraRank * Config.Width;
        double bytes = sizeof(float) * adapters;

        // Of a pair both clips: the policy's pass, that pass once more for its activations, and the way back, whose products with the frozen weights are needed and those for them are not.
        double perPair = 2 * 3 * forward;
        double perReference = 2 * forward;

        // Each pair is shown with so many draws of noise, and the reference sees each once.
        double shown = Math.Min((double)TrainingSteps * BatchPairs, (double)Prompts * PairsPerPrompt * DrawsPerPair);
        double perClip = SamplerSteps * PassesPerSamplerStep * forward;
        Console.WriteLine(FormattableString.Invariant($"forward pass of a clip {forward:g3} FLOP; of a pair {perPair:g3} a training step and {perReference:g3} once for the reference; a sampled clip {perClip:g3}; adapters {adapters / 1e6:f1} million, {bytes / 1e6:f1} MB added up a step"));
        Console.WriteLine("| GPUs | candidates, h | reference, h | tuning, h | of a step: computing, s | of a step: adding up, s | all, h | dollars |");
        Console.WriteLine("|-|-|-|-|-|-|-|-|");
        foreach (int gpus in new[] { 1, 8, 64 })
        {
            double speed = PeakFlops * Utilisation;
            double candidates = Math.Ceiling((double)Prompts / gpus) * ClipsPerPrompt * perClip / speed;
            double reference = shown / gpus * perReference / speed;
            double computing = Math.Ceiling((double)BatchPairs / gpus) * perPair / speed / (gpus > 1 ? efficiency : 1);
            double adding = gpus == 1 ? 0 : (2.0 * (gpus - 1) / gpus * bytes / NetworkBytesPerSecond) + (2 * (gpus - 1) * SecondsPerMessage);
            double tuning = TrainingSteps * (computing + adding);
            double hours = (candidates + reference + tuning) / 3600;
            Console.WriteLine(FormattableString.Invariant($"| {gpus} | {candidates / 3600:f1} | {reference / 3600:f2} | {tuning / 3600:f1} | {computing:f2} | {adding:f4} | {hours:f1} | {hours * gpus * DollarsPerHour:f0} |"));
        }

        return true;
    }

    /// <summary>Two operations for each product of a matrix product: the projections and the feed-forward of each token, its attention to all tokens and to the text.</summary>
    private static double ForwardFlops()
    {
        double tokens = (double)Lattice.Frames * Lattice.Height * Lattice.Width / Config.PatchSize.Aggregate(1L, (product, side) => product * side);
        double width = Config.Width;
        double perToken = (2 * ((6 * width * width) + (2 * width * Config.FfnDim))) + (4 * tokens * width) + (4 * TextTokens * width);
        double perText = 2 * 2 * width * width * TextTokens;
        return Config.NumLayers * ((tokens * perToken) + perText);
    }
}
