using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>What a reward model says about a batch of clips. Higher is better; the scale is that of the labels it was trained on.</summary>
/// <param name="Video_B">One reward per clip, float32.</param>
/// <param name="Patches_Bthw">One reward per clip and cell, float32.</param>
public sealed record ClipRewards(Tensor Video_B, Tensor Patches_Bthw) : IDisposable
{
    /// <summary>The video rewards as numbers.</summary>
    public double[] VideoRewards() => Numbers(Video_B);

    /// <summary>The patch rewards as numbers, one row per clip in the order t, h, w (w fastest).</summary>
    public double[][] PatchRewards()
    {
        double[] all = Numbers(Patches_Bthw);
        return Video_B.shape[0] == 0 ? [] : [.. all.Chunk(all.Length / (int)Video_B.shape[0])];
    }

    public void Dispose()
    {
        Video_B.Dispose();
        Patches_Bthw.Dispose();
    }

    private static double[] Numbers(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.cpu().to(ScalarType.Float64).contiguous().data<double>().ToArray();
    }
}
