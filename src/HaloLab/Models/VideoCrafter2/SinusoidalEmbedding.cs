using static TorchSharp.torch;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>The two sinusoidal embeddings of the model, which differ in order, in frequencies and in the scale of their argument.</summary>
public static class SinusoidalEmbedding
{
    /// <summary>Timesteps or frame rates: [cos(p f_i), sin(p f_i)] with f_i = 10000^(−i / half).</summary>
    /// <param name="positions_B">One number per clip, of any type.</param>
    /// <param name="size">Width, even.</param>
    public static Tensor OfPositions(Tensor positions_B, int size)
    {
        using var scope = NewDisposeScope();
        Tensor angles_BF = Angles(positions_B.to_type(ScalarType.Float32), size / 2, size / 2);
        return cat([angles_BF.cos(), angles_BF.sin()], 1).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// T2V-Turbo's guidance scale: [sin(1000 w f_i), cos(1000 w f_i)] with f_i = 10000^(−i / (half − 1)). The arguments are thousands large, so
    /// in float32 two correct implementations differ by up to 5e-4.
    /// </summary>
    /// <param name="guidance_B">Guidance scales w, as they are (not w − 1).</param>
    /// <param name="size">Width, even and at least 4.</param>
    public static Tensor OfGuidance(Tensor guidance_B, int size = 256)
    {
        using var scope = NewDisposeScope();
        Tensor angles_BF = Angles(guidance_B.to_type(ScalarType.Float32) * 1000, size / 2, (size / 2) - 1);
        return cat([angles_BF.sin(), angles_BF.cos()], 1).MoveToOuterDisposeScope();
    }

    private static Tensor Angles(Tensor positions_B, int count, int divisor)
    {
        Tensor exponents_F = arange(count, dtype: ScalarType.Float32, device: positions_B.device) * (-Math.Log(10000) / divisor);
        return positions_B.unsqueeze(1) * exponents_F.exp();
    }
}
