using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>DDIM (Song et al. 2021, arXiv 2010.02502), with VideoCrafter2's scale of the signal where the schedule has one. CogVideoX's too.</summary>
public sealed class DdimSampler
{
    private readonly PredictionTarget _target;

    /// <param name="schedule">The schedule that the denoiser was trained with.</param>
    /// <param name="steps">Number of steps S asked for. With VideoCrafter2's spacing a few S (3 is one) would need timestep 1000 and are refused.</param>
    /// <param name="eta">Share of the random part, 0 (deterministic) to 1 (as much noise as the forward process).</param>
    /// <param name="target">What the denoiser predicts.</param>
    /// <param name="spacing">Which timesteps are visited.</param>
    /// <param name="endsClean">Whether the last step leads to ᾱ = 1 instead of timestep 0 (diffusers' <c>set_alpha_to_one</c>).</param>
    public DdimSampler(
        NoiseSchedule schedule,
        int steps,
        double eta = 0,
        PredictionTarget target = PredictionTarget.Noise,
        TimestepSpacing spacing = TimestepSpacing.VideoCrafter2,
        bool endsClean = false)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentOutOfRangeException.ThrowIfNegative(eta);
        if (steps < 1 || steps > NoiseSchedule.Timesteps || (spacing == TimestepSpacing.VideoCrafter2 && LastTimestep(steps) >= NoiseSchedule.Timesteps))
        {
            throw new ArgumentOutOfRangeException(
                nameof(steps), steps, $"DDIM needs 1 to {NoiseSchedule.Timesteps} steps whose timesteps stay below {NoiseSchedule.Timesteps}; divisors of it do.");
        }

        _target = target;
        Steps =
        [
            .. Timesteps(steps, spacing).Select(step =>
            {
                int previous = Math.Max(0, step.Previous);
                double alpha = schedule.AlphasCumprod[step.Timestep];
                double alphaPrevious = step.Previous < 0 && endsClean ? 1 : schedule.AlphasCumprod[previous];
                double sigma = eta * Math.Sqrt((1 - alphaPrevious) / (1 - alpha) * (1 - (alpha / alphaPrevious)));
                return new DdimStep(step.Timestep, alpha, alphaPrevious, sigma, schedule.Scale[step.Timestep], schedule.Scale[previous]);
            }),
        ];
    }

    /// <summary>The steps in the order of sampling: timesteps descend. The last leads to timestep 0, whose ᾱ is just below 1.</summary>
    public IReadOnlyList<DdimStep> Steps { get; }

    /// <summary>Samples: for each step, predict, guide, step.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="start_BCTHW">Standard normal noise, or latents noised to the timestep of <paramref name="firstStep"/>.</param>
    /// <param name="context_BLD">Text condition of each clip.</param>
    /// <param name="guidance">Guidance, or null for the conditional prediction alone.</param>
    /// <param name="noiseOfStep">Standard normal noise of a step by its index in <see cref="Steps"/>; needed exactly when eta is above 0.</param>
    /// <param name="firstStep">Index in <see cref="Steps"/> to begin with, to resample from part of the way.</param>
    /// <param name="onStep">Told the number of steps done after each.</param>
    /// <returns>The clean latents of the last step's end.</returns>
    public Tensor Sample(
        IDenoiser denoiser,
        Tensor start_BCTHW,
        Tensor context_BLD,
        ClassifierFreeGuidance? guidance = null,
        Func<int, Tensor>? noiseOfStep = null,
        int firstStep = 0,
        Action<int>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)firstStep, (uint)Steps.Count, nameof(firstStep));
        using var noGradient = no_grad();
        using var outer = NewDisposeScope();
        Tensor latents_BCTHW = start_BCTHW;
        for (int i = firstStep; i < Steps.Count; i++)
        {
            using var scope = NewDisposeScope();
            Tensor timesteps_B = full([start_BCTHW.shape[0]], Steps[i].Timestep, dtype: ScalarType.Int64, device: start_BCTHW.device);
            Tensor prediction_BCTHW = ClassifierFreeGuidance.Predict(denoiser, latents_BCTHW, timesteps_B, context_BLD, guidance?.At(i));
            Tensor? noise_BCTHW = Steps[i].Sigma > 0 ? noiseOfStep?.Invoke(i) : null;
            Tensor previous_BCTHW = latents_BCTHW;
            latents_BCTHW = Step(i, latents_BCTHW, prediction_BCTHW, noise_BCTHW).Latents_BCTHW.MoveToOuterDisposeScope();
            if (i > firstStep)
            {
                previous_BCTHW.Dispose();
            }

            onStep?.Invoke(i - firstStep + 1);
        }

        return latents_BCTHW.MoveToOuterDisposeScope();
    }

    /// <summary>One step from a prediction, guided already.</summary>
    /// <param name="index">Index in <see cref="Steps"/>.</param>
    /// <param name="latents_BCTHW">Latents at the step's timestep.</param>
    /// <param name="prediction_BCTHW">The denoiser's prediction for them.</param>
    /// <param name="noise_BCTHW">Standard normal noise; needed when the step's sigma is above 0.</param>
    public SamplerState Step(int index, Tensor latents_BCTHW, Tensor prediction_BCTHW, Tensor? noise_BCTHW = null)
    {
        using var scope = NewDisposeScope();
        DdimStep step = Steps[index];
        (double signal, double noise) = (Math.Sqrt(step.Alpha), Math.Sqrt(1 - step.Alpha));
        bool isNoise = _target == PredictionTarget.Noise;
        Tensor epsilon_BCTHW = isNoise ? prediction_BCTHW : (signal * prediction_BCTHW) + (noise * latents_BCTHW);

        // From the velocity without a division by the signal, which may be next to nothing at the first step.
        Tensor scaled_BCTHW = isNoise ? (latents_BCTHW - (noise * epsilon_BCTHW)) / signal : (signal * latents_BCTHW) - (noise * prediction_BCTHW);
        Tensor clean_BCTHW = scaled_BCTHW / step.Scale;
        Tensor next_BCTHW = (Math.Sqrt(step.AlphaPrevious) * step.ScalePrevious * clean_BCTHW)
            + (Math.Sqrt(1 - step.AlphaPrevious - (step.Sigma * step.Sigma)) * epsilon_BCTHW);
        if (step.Sigma > 0)
        {
            ArgumentNullException.ThrowIfNull(noise_BCTHW);
            next_BCTHW = next_BCTHW.add(noise_BCTHW, step.Sigma);
        }

        return new(next_BCTHW.MoveToOuterDisposeScope(), clean_BCTHW.MoveToOuterDisposeScope());
    }

    /// <summary>Timesteps in the order of sampling, each with the one that it leads to; below 0 where it leads to the end.</summary>
    internal static IEnumerable<(int Timestep, int Previous)> Timesteps(int steps, TimestepSpacing spacing)
    {
        const int All = NoiseSchedule.Timesteps;
        int stride = All / steps;
        return spacing switch
        {
            TimestepSpacing.VideoCrafter2 => Enumerable.Range(0, ((All - 1) / stride) + 1).Select(i => 1 + (i * stride)).Select(timestep => (timestep, Math.Max(0, timestep - stride))).Reverse(),
            TimestepSpacing.Leading => Descending(i => 1 + ((steps - 1 - i) * stride)),
            TimestepSpacing.Trailing => Descending(i => (int)Math.Round(All - (i * (double)All / steps)) - 1),
            _ => Descending(i => (int)Math.Round((All - 1) * (double)(steps - 1 - i) / Math.Max(1, steps - 1))),
        };

        // As upstream, by a fixed stride, also where the next timestep is another.
        IEnumerable<(int, int)> Descending(Func<int, int> timestep) => Enumerable.Range(0, steps).Select(i => (timestep(i), timestep(i) - stride));
    }

    private static int LastTimestep(int steps)
    {
        int stride = NoiseSchedule.Timesteps / steps;
        return ((NoiseSchedule.Timesteps - 1) / stride * stride) + 1;
    }
}
