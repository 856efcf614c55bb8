using HaloLab.Diffusion;
using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Statistics;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>
/// Forward and backward through Wan2.1's transformer at twelve narrow blocks with adapters, its blocks computed again or kept: time in turn in one process, the peak of memory each in a process of its own.
/// </summary>
internal static class RecomputedBlocks
{
    private const double MiB = 1 << 20;

    // One forward more beside a forward and a backward of about twice that.
    private const double TimeLimit = 1.5;
    private const double MemoryLimit = 0.45;

    private static readonly WanConfig Config = new() { NumAttentionHeads = 4, AttentionHeadDim = 64, FfnDim = 1024, NumLayers = 12, TextDim = 64 };

    /// <param name="rounds">Rounds that count.</param>
    /// <param name="threads">Threads of the processes.</param>
    public static bool Run(int rounds, int threads)
    {
        using WanTransformer kept = Model(recomputes: false);
        using WanTransformer again = Model(recomputes: true);
        bool isFast = Paired.Compare("blocks computed again / kept", TimeLimit, rounds, () => Step(again), () => Step(kept));
        (double small, double large) = (Peak(true, threads), Peak(false, threads));
        bool isSmall = small <= MemoryLimit * large;
        Console.WriteLine(FormattableString.Invariant($"peak beside the weights: {small / MiB:f0} MiB / {large / MiB:f0} MiB, ratio {small / large:f3}; limit {MemoryLimit}: {(isSmall ? "kept" : "EXCEEDED")}"));
        return isFast && isSmall;
    }

    /// <summary>Writes by how many bytes the memory rose at the peak of a step.</summary>
    public static void Once(bool recomputes)
    {
        using WanTransformer model = Model(recomputes);
        using (no_grad())
        {
            // The kernels' own memory is there from here on.
            Step(model, backward: false);
        }

        ProcessMemory.WriteRise(() => Step(model));
    }

    private static void Step(WanTransformer model, bool backward = true)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        Tensor latents_BCTHW = GaussianNoise.Draw(new RandomStream(1, "latents"), 1, Config.InChannels, 4, 32, 32);
        Tensor text_BLD = GaussianNoise.Draw(new RandomStream(1, "text"), 1, 32, Config.TextDim);
        Tensor loss = new WanDenoiser(model).Predict(latents_BCTHW, tensor(new[] { 500f }), text_BLD).square().mean();
        if (backward)
        {
            loss.backward();
        }
    }

    private static WanTransformer Model(bool recomputes)
    {
        WanTransformer model = new(Config) { Recomputes = recomputes };
        Initialisation.Draw(model, 1);
        foreach (Parameter parameter in model.parameters())
        {
            parameter.requires_grad = false;
        }

        LoraAdapters.Attach(model, name => name.Contains(".attn", StringComparison.Ordinal), 8, 8, 1);
        return model;
    }

    private static double Peak(bool recomputes, int threads) => ProcessMemory.RiseOf(Program.StepOnce, recomputes ? "true" : "false", "--threads", FormattableString.Invariant($"{threads}"));
}
