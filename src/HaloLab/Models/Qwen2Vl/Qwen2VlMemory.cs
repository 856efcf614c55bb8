using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>
/// Keys and values of all tokens that the decoder has passed, by layer, so that further tokens cost a pass over themselves alone. Its tensors belong to no dispose scope:
/// they live until it is disposed.
/// </summary>
internal sealed class Qwen2VlMemory(int layers) : IDisposable
{
    private readonly (Tensor Key_BHLD, Tensor Value_BHLD)?[] _layers = new (Tensor, Tensor)?[layers];

    /// <summary>Tokens it holds.</summary>
    public long Length => _layers[0]?.Key_BHLD.shape[2] ?? 0;

    /// <summary>A memory that goes on from here by itself; what both hold so far is shared.</summary>
    public Qwen2VlMemory Copy()
    {
        Qwen2VlMemory copy = new(_layers.Length);
        for (int i = 0; i < _layers.Length; i++)
        {
            copy._layers[i] = _layers[i] is var (key_BHLD, value_BHLD) ? (Own(key_BHLD.alias()), Own(value_BHLD.alias())) : null;
        }

        return copy;
    }

    /// <summary>Adds a layer's keys and values of further tokens.</summary>
    /// <returns>Those of all tokens so far; they stay the memory's.</returns>
    public (Tensor Key_BHLD, Tensor Value_BHLD) Extend(int layer, Tensor key_BHLD, Tensor value_BHLD)
    {
        (Tensor Key_BHLD, Tensor Value_BHLD)? before = _layers[layer];
        (Tensor, Tensor) all = before is var (earlierKey_BHLD, earlierValue_BHLD)
            ? (Own(cat([earlierKey_BHLD, key_BHLD], 2)), Own(cat([earlierValue_BHLD, value_BHLD], 2)))
            : (Own(key_BHLD.clone()), Own(value_BHLD.clone()));
        _layers[layer] = all;
        before?.Key_BHLD.Dispose();
        before?.Value_BHLD.Dispose();
        return all;
    }

    public void Dispose()
    {
        foreach ((Tensor Key_BHLD, Tensor Value_BHLD)? layer in _layers)
        {
            layer?.Key_BHLD.Dispose();
            layer?.Value_BHLD.Dispose();
        }
    }

    private static Tensor Own(Tensor tensor) => tensor.DetachFromDisposeScope();
}
