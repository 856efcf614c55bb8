using static TorchSharp.torch;

namespace HaloLab.Models.Layers;

/// <summary>Rotary positions (Su et al. 2021, arXiv 2104.09864) on neighbouring pairs (0,1), (2,3), … of a head.</summary>
internal static class RotaryPairs
{
    private const double Base = 10000;

    /// <summary>Angles of positions: pair i of a part of size d turns by position · 10000^(−2i/d). [N, d / 2], float64.</summary>
    /// <param name="positions_N">Positions, float64; they need not be whole.</param>
    /// <param name="partDim">d, even.</param>
    public static Tensor Angles(Tensor positions_N, int partDim)
    {
        using var scope = NewDisposeScope();
        Tensor frequencies = pow(Base, arange(0, partDim, 2, dtype: ScalarType.Float64) / -partDim);
        return outer(positions_N, frequencies).MoveToOuterDisposeScope();
    }

    /// <summary>Cosines and sines for the tokens of a T×H×W lattice, column fastest: two tensors [1, S, 1, headDim / 2] in float32.</summary>
    /// <remarks>Angles are computed in float64, as the published codes do: at far positions float32 angles would be off.</remarks>
    /// <param name="time">Angles of the frames.</param>
    /// <param name="height">Angles of the rows.</param>
    /// <param name="width">Angles of the columns.</param>
    /// <param name="device">Where the tables go.</param>
    public static (Tensor Cos, Tensor Sin) Tables(Tensor time, Tensor height, Tensor width, Device device)
    {
        using var scope = NewDisposeScope();
        (long frames, long rows, long columns) = (time.shape[0], height.shape[0], width.shape[0]);
        Tensor angles = cat(
            [
                time.view(frames, 1, 1, -1).expand(frames, rows, columns, -1),
                height.view(1, rows, 1, -1).expand(frames, rows, columns, -1),
                width.view(1, 1, columns, -1).expand(frames, rows, columns, -1),
            ],
            dim: -1).reshape(1, frames * rows * columns, 1, -1);
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
}
