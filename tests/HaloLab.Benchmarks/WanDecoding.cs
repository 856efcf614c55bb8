using HaloLab.Diffusion;
using HaloLab.Models.Wan;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>
/// Wan2.1's autoencoder decoding a video in pieces and as a whole: the same numbers, and in pieces a peak of memory that grows with the length by the video itself and no more.
/// Each peak is that of a process of its own.
/// </summary>
internal static class WanDecoding
{
    // Smaller, and most of what is measured is how the C library fills its gaps.
    private const int Size = 256;
    private const int Whole = 1000;
    private const double MiB = 1 << 20;

    // That of the reference numbers (tests/goldens/wan).
    private const double Tolerance = 5e-5;

    // A tenth for the C library's gaps.
    private const double MemoryLimit = 1.1;

    private static readonly int[] Lengths = [5, 21, 41, 81];

    /// <param name="threads">Threads of the processes.</param>
    public static bool Run(int threads)
    {
        using WanAutoencoder model = Model();
        double first = 0;
        bool isKept = true;
        foreach (int frames in Lengths)
        {
            double difference = Difference(model, frames);
            double pieces = Peak(frames, 1, threads);
            double output = sizeof(float) * 3.0 * frames * Size * Size;
            double beside = pieces - output;
            first = frames == Lengths[0] ? beside : first;
            bool isRight = difference <= Tolerance && beside <= MemoryLimit * first;
            isKept &= isRight;
            Console.WriteLine(FormattableString.Invariant(
                $"{frames} frames of {Size}x{Size}, {output / MiB:f0} MiB: largest difference {difference:g2} (limit {Tolerance:g}); at the peak {pieces / MiB:f0} MiB in pieces, {beside / MiB:f0} beside the video: {(isRight ? "kept" : "EXCEEDED")}"));
        }

        Console.WriteLine(FormattableString.Invariant($"{Lengths[^1]} frames as a whole: {Peak(Lengths[^1], Whole, threads) / MiB:f0} MiB at the peak"));
        return isKept;
    }

    /// <summary>Decodes once and writes by how many bytes the memory rose at its peak.</summary>
    /// <param name="frames">Frames of the video.</param>
    /// <param name="framesAtOnce">Latent frames of a piece.</param>
    public static void Once(int frames, int framesAtOnce)
    {
        using var noGradient = no_grad();
        using WanAutoencoder model = Model();
        using (Tensor few_BCTHW = Latents(1))
        using (model.Decode(few_BCTHW))
        {
            // The kernels' own memory is there from here on.
        }

        using Tensor latents_BCTHW = Latents(frames);
        MemoryRise.Write(() => model.Decode(latents_BCTHW, framesAtOnce).Dispose());
    }

    private static double Difference(WanAutoencoder model, int frames)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor latents_BCTHW = Latents(frames);
        return (model.Decode(latents_BCTHW) - model.Decode(latents_BCTHW, Whole)).abs().max().item<float>();
    }

    private static WanAutoencoder Model()
    {
        WanAutoencoder model = new(new WanVaeConfig { BaseDim = 8 });
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach ((string name, Parameter parameter) in model.named_parameters())
        {
            // The norms' factors stay 1; the others keep the size of the signal.
            if (!name.EndsWith("gamma", StringComparison.Ordinal))
            {
                double inputs = Math.Max(1, parameter.NumberOfElements / parameter.shape[0]);
                parameter.copy_(GaussianNoise.Draw(new RandomStream(1, name), parameter.shape) / Math.Sqrt(inputs));
            }
        }

        model.eval();
        return model;
    }

    private static Tensor Latents(int frames)
    {
        WanVaeConfig config = new();
        return GaussianNoise.Draw(new RandomStream(1, "latents"), 1, config.ZDim, 1 + ((frames - 1) / config.TemporalStride), Size / config.SpatialStride, Size / config.SpatialStride);
    }

    private static double Peak(int frames, int framesAtOnce, int threads) =>
        MemoryRise.Of(Program.Once, FormattableString.Invariant($"{frames}"), FormattableString.Invariant($"{framesAtOnce}"), "--threads", FormattableString.Invariant($"{threads}"));
}
