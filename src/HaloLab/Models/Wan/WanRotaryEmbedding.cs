using HaloLab.Models.Layers;
using static TorchSharp.torch;

namespace HaloLab.Models.Wan;

/// <summary>
/// Rotary positions over time, height and width: the head's width is split into three parts, each turned by its own coordinate. Height and width get
/// 2·⌊d/6⌋ each, time the rest (128 → 44, 42, 42).
/// </summary>
internal sealed class WanRotaryEmbedding(int headDim)
{
    private readonly int _spaceDim = 2 * (headDim / 6);

    /// <summary>Cosines and sines for the tokens of a T×H×W lattice (<see cref="RotaryPairs.Tables"/>).</summary>
    public (Tensor Cos, Tensor Sin) Tables(long frames, long rows, long columns, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor Angles(long positions, int partDim) => RotaryPairs.Angles(arange(positions, dtype: ScalarType.Float64), partDim);
        (Tensor cos, Tensor sin) = RotaryPairs.Tables(Angles(frames, headDim - (2 * _spaceDim)), Angles(rows, _spaceDim), Angles(columns, _spaceDim), device);
        return (cos.MoveToOuterDisposeScope(), sin.MoveToOuterDisposeScope());
    }
}
