using static TorchSharp.torch;

namespace HaloLab.Models.Wan;

/// <summary>
/// Rotary positions (Su et al. 2021, arXiv 2104.09864) over time, height and width: the head's width is split into three parts, each turned
/// by its own coordinate. Height and width get 2·⌊d/6⌋ each, time the rest (128 → 44, 42, 42); pair i of a part of size p turns by
/// position · 10000^(−2i/p). Neighbours (0,1), (2,3), … form the pairs.
/// </summary>
internal sealed class WanRotaryEmbedding(int headDim)
{
    private const double Base = 10000;

    private readonly int _spaceDim = 2 * (headDim / 6);

    /// <summary>Cosines and sines for the tokens of a T×H×W lattice, column fastest: two tensors [1, S, 1, headDim / 2] in float32.</summary>
    /// <remarks>Angles are computed in float64, as the published code does: at far positions float32 angles would be off.</remarks>
    public (Tensor Cos, Tensor Sin) Tables(long frames, long rows, long columns, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor time = Angles(frames, headDim - (2 * _spaceDim)).view(frames, 1, 1, -1).expand(frames, rows, columns, -1);
        Tensor height = Angles(rows, _spaceDim).view(1, rows, 1, -1).expand(frames, rows, columns, -1);
        Tensor width = Angles(columns, _spaceDim).view(1, 1, columns, -1).expand(frames, rows, columns, -1);
        Tensor angles = cat([time, height, width], dim: -1).reshape(1, frames * rows * columns, 1, headDim / 2);
        Tensor cos = angles.cos().to(ScalarType.Float32).to(device);
        Tensor sin = angles.sin().to(ScalarType.Float32).to(device);
        return (cos.MoveToOuterDisposeScope(), sin.MoveToOuterDisposeScope());
    }

    /// <summary>Turns the pairs of [B, S, heads, headDim]; computed in float32, returned in the input's type.</summary>
    public static Tensor Rotate(Tensor input_BSND, Tensor cos, Tensor sin)
    {
        using var scope = NewDisposeScope();
        Tensor pairs = input_BSND.to(ScalarType.Float32).unflatten(3, [-1, 2]);
        Tensor first = pairs.select(-1, 0);
        Tensor second = pairs.select(-1, 1);
        Tensor turned = stack([(first * cos) - (second * sin), (first * sin) + (second * cos)], dim: -1).flatten(3);
        return turned.to(input_BSND.dtype).MoveToOuterDisposeScope();
    }

    private static Tensor Angles(long positions, int partDim)
    {
        Tensor frequencies = pow(Base, arange(0, partDim, 2, dtype: ScalarType.Float64) / -partDim);
        return outer(arange(positions, dtype: ScalarType.Float64), frequencies);
    }
}
