using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>A tensor in a file.</summary>
/// <param name="StoredType">The file's name of its type: <c>F32</c>, <c>BF16</c>, <c>F8_E4M3</c> …</param>
/// <param name="Type">Its type once it is read; 8-bit floats come as 16-bit ones, which hold them exactly.</param>
/// <param name="Shape">Length of each dimension.</param>
public sealed record WeightEntry(string StoredType, ScalarType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Number of values.</summary>
    public long Elements => Shape.Aggregate(1L, (product, length) => product * length);

    /// <summary>Whether its values are floating-point numbers.</summary>
    public bool IsFloat => Type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;
}
