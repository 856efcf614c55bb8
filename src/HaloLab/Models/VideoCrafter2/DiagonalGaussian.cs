using static TorchSharp.torch;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>What the encoder gives for frames: a normal distribution for every element of the code.</summary>
/// <param name="Mean_NCHW">Means, not scaled.</param>
/// <param name="LogVariance_NCHW">Natural logarithms of the variances, clamped to [−30, 20].</param>
public sealed record DiagonalGaussian(Tensor Mean_NCHW, Tensor LogVariance_NCHW)
{
    /// <summary>Standard deviations.</summary>
    public Tensor StandardDeviation() => LogVariance_NCHW.mul(0.5).exp_();

    /// <summary>mean + standard deviation · noise.</summary>
    /// <param name="noise_NCHW">Standard normal noise.</param>
    public Tensor Sample(Tensor noise_NCHW)
    {
        using Tensor deviation = StandardDeviation();
        return addcmul(Mean_NCHW, deviation, noise_NCHW, 1);
    }
}
