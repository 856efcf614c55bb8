using static TorchSharp.torch;

namespace HaloLab.Generation;

/// <summary>Generated clips; disposing frees both tensors.</summary>
/// <param name="Latents_BCTHW">Clean latents.</param>
/// <param name="Pixels_BCTHW">Decoded frames, nominally in [−1, 1], not clamped.</param>
public sealed record GeneratedClips(Tensor Latents_BCTHW, Tensor Pixels_BCTHW) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Latents_BCTHW.Dispose();
        Pixels_BCTHW.Dispose();
    }
}
