using static TorchSharp.torch;

namespace HaloLab.Models.Layers;

/// <summary>
/// What the layers of a causal autoencoder remember of the frames before, so that a video can be worked through in pieces with the memory of a piece.
/// </summary>
public sealed class FrameCache : IDisposable
{
    private readonly Dictionary<nn.Module, Tensor> _frames = new(ReferenceEqualityComparer.Instance);

    /// <summary>The frames that a layer kept, or null at the beginning of a video.</summary>
    internal Tensor? Of(nn.Module layer) => _frames.GetValueOrDefault(layer);

    /// <summary>Keeps the last frames of a layer's input.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="input_BCTHW">Its input; copied as far as it is kept.</param>
    /// <param name="count">How many of the last frames.</param>
    internal void Keep(nn.Module layer, Tensor input_BCTHW, long count)
    {
        Tensor kept_BCTHW = input_BCTHW.narrow(2, input_BCTHW.shape[2] - count, count).clone().DetachFromDisposeScope();
        Of(layer)?.Dispose();
        _frames[layer] = kept_BCTHW;
    }

    public void Dispose()
    {
        foreach (Tensor frames in _frames.Values)
        {
            frames.Dispose();
        }
    }
}
