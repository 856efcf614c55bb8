using HaloLab.Statistics;
using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>Training on a discrete noise schedule: a timestep uniform over a range, noisy latents by the schedule, the noise or the velocity as target.</summary>
/// <param name="schedule">The schedule that the denoiser was trained with.</param>
/// <param name="prediction">What the denoiser predicts.</param>
/// <param name="name">Names the schedule, for the keys of caches.</param>
/// <param name="firstTimestep">Lowest timestep, from 0.</param>
/// <param name="endTimestep">One above the highest, at most 1000.</param>
public sealed class NoiseScheduleTarget(
    NoiseSchedule schedule, PredictionTarget prediction, string name, int firstTimestep = 0, int endTimestep = NoiseSchedule.Timesteps) : ITrainingTarget
{
    /// <inheritdoc/>
    public string Description => FormattableString.Invariant($"{name}, {prediction}, timesteps {firstTimestep} to {endTimestep - 1}");

    /// <inheritdoc/>
    public double DrawLevel(RandomStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return stream.Next(firstTimestep, endTimestep);
    }

    /// <inheritdoc/>
    public TrainingExample Example(Tensor clean_BCTHW, Tensor noise_BCTHW, Tensor level_B)
    {
        ArgumentNullException.ThrowIfNull(level_B);
        Tensor timestep_B = level_B.to(ScalarType.Int64);
        return new TrainingExample(
            schedule.AddNoise(clean_BCTHW, noise_BCTHW, timestep_B), timestep_B, schedule.TargetOf(prediction, clean_BCTHW, noise_BCTHW, timestep_B));
    }
}
