using System.Globalization;
using HaloLab.Statistics;
using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>
/// Rectified flow (Liu et al. 2022): noisy = (1 − σ)·clean + σ·noise, target = noise − clean, timestep 1000·σ. Levels are uniform in (0, 1)
/// before the shift σ ← s·σ / (1 + (s − 1)·σ), which spends training on high noise where s is above 1.
/// </summary>
/// <param name="shift">s, above 0. Default 1.</param>
public sealed class FlowMatchingTarget(double shift = 1) : ITrainingTarget
{
    private const double Timesteps = 1000;

    /// <inheritdoc/>
    public string Description => string.Create(CultureInfo.InvariantCulture, $"flow, shift {shift:R}");

    /// <inheritdoc/>
    public double DrawLevel(RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        double sigma = 1 - stream.NextDouble();
        return shift * sigma / (1 + ((shift - 1) * sigma));
    }

    /// <inheritdoc/>
    public TrainingExample Example(Tensor clean_BCTHW, Tensor noise_BCTHW, Tensor level_B)
    {
        ArgumentNullException.ThrowIfNull(clean_BCTHW);
        ArgumentNullException.ThrowIfNull(noise_BCTHW);
        ArgumentNullException.ThrowIfNull(level_B);
        Tensor sigma_B1111 = level_B.view(-1, 1, 1, 1, 1).to(clean_BCTHW.dtype);
        return new TrainingExample(((1 - sigma_B1111) * clean_BCTHW) + (sigma_B1111 * noise_BCTHW), level_B * Timesteps, noise_BCTHW - clean_BCTHW);
    }
}
