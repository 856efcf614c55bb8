using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>A tensor of a PyTorch checkpoint as the file describes it: a strided view of a storage, which other tensors may share.</summary>
/// <param name="Storage">Name of the storage in the file.</param>
/// <param name="StorageElements">Elements of the whole storage.</param>
/// <param name="Type">Type of the values.</param>
/// <param name="Offset">Element of the storage at which the tensor starts.</param>
/// <param name="Shape">Length of each dimension.</param>
/// <param name="Strides">Elements between neighbours along each dimension, at least 0; 0 repeats one element.</param>
public sealed record StoredTensor(string Storage, long StorageElements, ScalarType Type, long Offset, IReadOnlyList<long> Shape, IReadOnlyList<long> Strides)
{
    /// <summary>Whether every element lies inside the storage.</summary>
    internal bool LiesInside()
    {
        if (Offset < 0 || Shape.Count != Strides.Count || Shape.Any(length => length < 0) || Strides.Any(stride => stride < 0))
        {
            return false;
        }

        if (Shape.Contains(0))
        {
            return Offset <= StorageElements;
        }

        Int128 last = Offset;
        for (int i = 0; i < Shape.Count; i++)
        {
            last += (Int128)(Shape[i] - 1) * Strides[i];
        }

        return last < StorageElements;
    }
}
