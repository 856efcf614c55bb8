using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>What a denoiser is shown and what it should say.</summary>
/// <param name="Noisy_BCTHW">Latents with noise in them.</param>
/// <param name="Timestep_B">The number that the denoiser is told.</param>
/// <param name="Target_BCTHW">The prediction wanted.</param>
public sealed record TrainingExample(Tensor Noisy_BCTHW, Tensor Timestep_B, Tensor Target_BCTHW)
{
    /// <summary>What is shown of clips <paramref name="start"/> .. <paramref name="start"/> + <paramref name="count"/> − 1.</summary>
    public TrainingExample Rows(long start, long count) => new(Noisy_BCTHW.narrow(0, start, count), Timestep_B.narrow(0, start, count), Target_BCTHW.narrow(0, start, count));
}
