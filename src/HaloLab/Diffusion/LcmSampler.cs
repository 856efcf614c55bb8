using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>
/// Latent consistency sampling (Luo et al. 2023, arXiv 2310.04378) in T2V-Turbo's form (Li et al. 2024, arXiv 2405.18750) and the usual one: estimate the
/// clean latents, noise them again to the next timestep. Guidance is not applied here: the denoiser was told its scale by an embedding.
/// </summary>
public sealed class LcmSampler
{
    private const double DataVariance = 0.25;
    private const double TimestepScaling = 10;

    /// <param name="schedule">The schedule that the denoiser was trained with; T2V-Turbo's is <see cref="NoiseSchedule.SinglePrecision"/>.</param>
    /// <param name="steps">Number of steps n, at most <paramref name="originSteps"/>.</param>
    /// <param name="originSteps">
    /// Steps k of the sampler that was distilled, whose timesteps i·⌊1000/k⌋ − 1 (i = 1 … k) are those to choose from.
    /// </param>
    /// <param name="isEvenlySpread">Whether the n timesteps are spread over all k from the top (diffusers); T2V-Turbo takes every ⌊k/n⌋-th.</param>
    public LcmSampler(NoiseSchedule schedule, int steps, int originSteps = 50, bool isEvenlySpread = false)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentOutOfRangeException.ThrowIfLessThan(originSteps, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(originSteps, NoiseSchedule.Timesteps);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, originSteps);
        int stride = NoiseSchedule.Timesteps / originSteps;
        int[] timesteps = [.. Enumerable.Range(0, steps).Select(i => ((originSteps - (isEvenlySpread ? i * originSteps / steps : i * (originSteps / steps))) * stride) - 1)];
        Steps =
        [
            .. timesteps.Select((timestep, i) =>
            {
                double scaled = TimestepScaling * timestep;
                double variance = (scaled * scaled) + DataVariance;
                int previous = i + 1 < timesteps.Length ? timesteps[i + 1] : timestep;
                return new LcmStep(
                    timestep, schedule.AlphasCumprod[timestep], schedule.AlphasCumprod[previous], DataVariance / variance, scaled / Math.Sqrt(variance));
            }),
        ];
    }

    /// <summary>The steps in the order of sampling: timesteps descend.</summary>
    public IReadOnlyList<LcmStep> Steps { get; }

    /// <summary>Samples: for each step, predict, step.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="start_BCTHW">Standard normal noise.</param>
    /// <param name="context_BLD">Text condition of each clip.</param>
    /// <param name="noiseOfStep">Standard normal noise of a step by its index in <see cref="Steps"/>; not asked for at the last one.</param>
    /// <param name="onStep">Told the number of steps done after each.</param>
    /// <returns>The last step's estimate of the clean latents.</returns>
    public Tensor Sample(IDenoiser denoiser, Tensor start_BCTHW, Tensor context_BLD, Func<int, Tensor> noiseOfStep, Action<int>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(noiseOfStep);
        using var noGradient = no_grad();
        using var outer = NewDisposeScope();
        Tensor latents_BCTHW = start_BCTHW;
        for (int i = 0; ; i++)
        {
            using var scope = NewDisposeScope();
            Tensor timesteps_B = full([start_BCTHW.shape[0]], Steps[i].Timestep, dtype: ScalarType.Int64, device: start_BCTHW.device);
            Tensor prediction_BCTHW = denoiser.Predict(latents_BCTHW, timesteps_B, context_BLD);
            Tensor clean_BCTHW = Denoise(i, latents_BCTHW, prediction_BCTHW);
            onStep?.Invoke(i + 1);
            if (i == Steps.Count - 1)
            {
                return clean_BCTHW.MoveToOuterDisposeScope().MoveToOuterDisposeScope();
            }

            latents_BCTHW = AddNoise(i, clean_BCTHW, noiseOfStep(i)).MoveToOuterDisposeScope();
        }
    }

    /// <summary>The step's estimate of the clean latents, c_out x₀ + c_skip x.</summary>
    /// <param name="index">Index in <see cref="Steps"/>.</param>
    /// <param name="latents_BCTHW">Latents at the step's timestep.</param>
    /// <param name="prediction_BCTHW">The noise that the denoiser sees in them.</param>
    public Tensor Denoise(int index, Tensor latents_BCTHW, Tensor prediction_BCTHW)
    {
        using var scope = NewDisposeScope();
        LcmStep step = Steps[index];
        Tensor start_BCTHW = (latents_BCTHW - (Math.Sqrt(1 - step.Alpha) * prediction_BCTHW)) / Math.Sqrt(step.Alpha);
        return ((step.OutFactor * start_BCTHW) + (step.SkipFactor * latents_BCTHW)).MoveToOuterDisposeScope();
    }

    /// <summary>The clean latents noised to the next step's timestep. (Upstream does it after the last step too; nothing uses that.)</summary>
    public Tensor AddNoise(int index, Tensor clean_BCTHW, Tensor noise_BCTHW)
    {
        using var scope = NewDisposeScope();
        double alpha = Steps[index].AlphaPrevious;
        return ((Math.Sqrt(alpha) * clean_BCTHW) + (Math.Sqrt(1 - alpha) * noise_BCTHW)).MoveToOuterDisposeScope();
    }
}
