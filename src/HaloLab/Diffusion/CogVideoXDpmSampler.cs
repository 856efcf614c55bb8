using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>
/// CogVideoX's stochastic solver: DPM-Solver++ as an SDE (Lu et al. 2022, arXiv 2211.01095), of second order in the clean estimates from its second step
/// on, first order again at the last. Predictions are velocities.
/// </summary>
public sealed class CogVideoXDpmSampler
{
    /// <param name="schedule"><see cref="NoiseSchedule.CogVideoX"/>.</param>
    /// <param name="steps">Number of steps, 1 to 1000, with <see cref="TimestepSpacing.Trailing"/>.</param>
    public CogVideoXDpmSampler(NoiseSchedule schedule, int steps)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, NoiseSchedule.Timesteps);
        (int Timestep, int Previous)[] timesteps = [.. DdimSampler.Timesteps(steps, TimestepSpacing.Trailing)];
        Steps =
        [
            .. timesteps.Select((step, i) => new CogVideoXDpmStep(
                step.Timestep,
                schedule.AlphasCumprod[step.Timestep],
                step.Previous < 0 ? 1 : schedule.AlphasCumprod[step.Previous],
                i == 0 ? null : schedule.AlphasCumprod[timesteps[i - 1].Timestep])),
        ];
    }

    /// <summary>The steps in the order of sampling: timesteps descend.</summary>
    public IReadOnlyList<CogVideoXDpmStep> Steps { get; }

    /// <summary>Samples: for each step, predict, guide, step.</summary>
    /// <param name="denoiser">Predicts the velocity.</param>
    /// <param name="start_BCTHW">Standard normal noise.</param>
    /// <param name="context_BLD">Text condition of each clip.</param>
    /// <param name="noiseOfStep">Standard normal noise of a step by its index in <see cref="Steps"/>.</param>
    /// <param name="guidance">Guidance, or null for the conditional prediction alone.</param>
    /// <param name="onStep">Told the number of steps done after each.</param>
    public Tensor Sample(
        IDenoiser denoiser, Tensor start_BCTHW, Tensor context_BLD, Func<int, Tensor> noiseOfStep, ClassifierFreeGuidance? guidance = null, Action<int>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(noiseOfStep);
        using var noGradient = no_grad();
        SamplerState state = new(start_BCTHW.clone(), empty(0));
        for (int i = 0; i < Steps.Count; i++)
        {
            using var scope = NewDisposeScope();
            using Tensor before_BCTHW = state.Latents_BCTHW;
            using Tensor cleanBefore_BCTHW = state.Clean_BCTHW;
            Tensor timesteps_B = full([start_BCTHW.shape[0]], Steps[i].Timestep, dtype: ScalarType.Int64, device: start_BCTHW.device);
            Tensor prediction_BCTHW = ClassifierFreeGuidance.Predict(denoiser, before_BCTHW, timesteps_B, context_BLD, guidance?.At(i));
            SamplerState next = Step(i, before_BCTHW, prediction_BCTHW, i == 0 ? null : cleanBefore_BCTHW, noiseOfStep(i));
            state = new(next.Latents_BCTHW.MoveToOuterDisposeScope(), next.Clean_BCTHW.MoveToOuterDisposeScope());
            onStep?.Invoke(i + 1);
        }

        state.Clean_BCTHW.Dispose();
        return state.Latents_BCTHW;
    }

    /// <summary>One step from a prediction, guided already.</summary>
    /// <param name="index">Index in <see cref="Steps"/>.</param>
    /// <param name="latents_BCTHW">Latents at the step's timestep.</param>
    /// <param name="prediction_BCTHW">The velocity that the denoiser predicts for them.</param>
    /// <param name="cleanBefore_BCTHW">The clean estimate of the step before; null at the first.</param>
    /// <param name="noise_BCTHW">Standard normal noise.</param>
    public SamplerState Step(int index, Tensor latents_BCTHW, Tensor prediction_BCTHW, Tensor? cleanBefore_BCTHW, Tensor noise_BCTHW)
    {
        ArgumentNullException.ThrowIfNull(latents_BCTHW);
        using var scope = NewDisposeScope();
        CogVideoXDpmStep step = Steps[index];
        Tensor clean_BCTHW = (Math.Sqrt(step.Alpha) * latents_BCTHW).add(prediction_BCTHW, -Math.Sqrt(1 - step.Alpha));

        // At the first step, from pure noise, and at the last, to clean latents, the step in λ = log √(ᾱ / (1 − ᾱ)) is infinite and e^−h is 0.
        double h = Lambda(step.AlphaNext) - Lambda(step.Alpha);
        double remaining = Math.Exp(-h);
        Tensor estimate_BCTHW = clean_BCTHW;
        if (cleanBefore_BCTHW is not null && step is { AlphaBefore: { } before, AlphaNext: < 1 })
        {
            double share = h / (2 * (Lambda(step.Alpha) - Lambda(before)));
            estimate_BCTHW = ((1 + share) * clean_BCTHW).add(cleanBefore_BCTHW, -share);
        }

        Tensor next_BCTHW = (Math.Sqrt((1 - step.AlphaNext) / (1 - step.Alpha)) * remaining * latents_BCTHW)
            .add(estimate_BCTHW, (1 - (remaining * remaining)) * Math.Sqrt(step.AlphaNext))
            .add(noise_BCTHW, Math.Sqrt((1 - step.AlphaNext) * (1 - (remaining * remaining))));
        return new(next_BCTHW.MoveToOuterDisposeScope(), clean_BCTHW.MoveToOuterDisposeScope());
    }

    private static double Lambda(double alpha) => Math.Log(alpha / (1 - alpha)) / 2;
}
