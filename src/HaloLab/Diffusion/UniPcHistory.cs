using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>What the last steps of a <see cref="UniPcSampler"/> left: latents at the last σ, and the last two estimates of the clean latents.</summary>
public sealed class UniPcHistory : IDisposable
{
    private readonly List<Tensor> _clean = [];
    private Tensor? _latents;

    /// <summary>Number of clean estimates, at most 2.</summary>
    internal int Count => _clean.Count;

    /// <summary>Order of the last step.</summary>
    internal int Order { get; private set; }

    internal Tensor Latents => _latents!;

    /// <summary>The estimate made so many steps ago.</summary>
    internal Tensor Clean(int stepsAgo) => _clean[stepsAgo];

    internal void Add(Tensor latents_BCTHW, Tensor clean_BCTHW, int order)
    {
        _latents?.Dispose();
        _latents = latents_BCTHW.DetachFromDisposeScope();
        _clean.Insert(0, clean_BCTHW.DetachFromDisposeScope());
        if (_clean.Count > 2)
        {
            _clean[^1].Dispose();
            _clean.RemoveAt(2);
        }

        Order = order;
    }

    public void Dispose()
    {
        _latents?.Dispose();
        foreach (Tensor clean in _clean)
        {
            clean.Dispose();
        }
    }
}
