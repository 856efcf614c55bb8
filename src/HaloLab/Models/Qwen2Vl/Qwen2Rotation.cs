using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Rotary positions (Su et al. 2021, arXiv 2104.09864) on halves: channel c turns with channel c + half.</summary>
/// <param name="Cos">Cosines, broadcast to the heads.</param>
/// <param name="Sin">Sines, likewise.</param>
internal sealed record Qwen2Rotation(Tensor Cos, Tensor Sin)
{
    /// <summary>
    /// Of the decoder: time, height and width turn their own frequencies (M-RoPE). Cosines and sines are B × 1 × L × head width.
    /// </summary>
    /// <param name="positions_3BL">Positions in time, height and width.</param>
    /// <param name="config">The model's sizes.</param>
    public static Qwen2Rotation OfDecoder(Tensor positions_3BL, Qwen2VlConfig config)
    {
        using var scope = NewDisposeScope();
        int half = config.HeadWidth / 2;
        float[] frequencies = [.. Enumerable.Range(0, half).Select(i => (float)Math.Pow(config.RopeTheta, -2.0 * i / config.HeadWidth))];
        long[] axisOf = [.. config.RopeScaling.MropeSection.SelectMany((count, axis) => Enumerable.Repeat((long)axis, count))];
        Tensor positions_BLh = positions_3BL.index_select(0, tensor(axisOf, device: positions_3BL.device)).permute(1, 2, 0).to(ScalarType.Float32);
        Tensor angles_BLh = positions_BLh * tensor(frequencies, device: positions_3BL.device);
        Tensor angles_B1LD = cat([angles_BLh, angles_BLh], -1).unsqueeze(1);
        return new(angles_B1LD.cos().MoveToOuterDisposeScope(), angles_B1LD.sin().MoveToOuterDisposeScope());
    }

    /// <summary>Turns queries or keys; in float32, returned in their type.</summary>
    public Tensor Apply(Tensor states)
    {
        using var scope = NewDisposeScope();
        Tensor[] halves = states.chunk(2, -1);
        return ((states * Cos) + (cat([-halves[1], halves[0]], -1) * Sin)).to(states.dtype).MoveToOuterDisposeScope();
    }
}
