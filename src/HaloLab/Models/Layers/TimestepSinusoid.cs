using static TorchSharp.torch;

namespace HaloLab.Models.Layers;

/// <summary>The sinusoids by which diffusers' transformers are told the timestep.</summary>
internal static class TimestepSinusoid
{
    private const double Base = 10000;

    /// <summary>
    /// cos(t f_i) for all i, then sin(t f_i), f_i = 10000^(−i/half): [B, width]. In float32 as in diffusers, which the reference values
    /// come from; Wan's original code uses float64, which moves the sinusoid by up to 3e-5 and the output by 1e-5.
    /// </summary>
    /// <param name="timestep_B">0 to 1000, fractions allowed.</param>
    /// <param name="width">Length, even.</param>
    public static Tensor Of(Tensor timestep_B, int width)
    {
        using var scope = NewDisposeScope();
        int half = width / 2;
        Tensor frequencies = (arange(half, dtype: ScalarType.Float32, device: timestep_B.device) * -Math.Log(Base) / half).exp();
        Tensor angles = timestep_B.to(ScalarType.Float32).unsqueeze(1) * frequencies;
        return cat([angles.cos(), angles.sin()], dim: 1).MoveToOuterDisposeScope();
    }
}
