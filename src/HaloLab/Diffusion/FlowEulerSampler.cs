using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>Euler's method along a rectified flow (Esser et al. 2024, arXiv 2403.03206), as diffusers' FlowMatchEulerDiscreteScheduler has it.</summary>
public sealed class FlowEulerSampler
{
    private const int TrainingTimesteps = 1000;

    /// <param name="steps">Number of steps, at least 1.</param>
    /// <param name="shift">
    /// s of σ ← s·σ / (1 + (s − 1)·σ), above 0. It is applied to σ spread evenly between the largest and smallest of training, which are shifted already.
    /// </param>
    public FlowEulerSampler(int steps, double shift)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shift);
        double smallest = Shifted(1.0 / TrainingTimesteps, shift);
        double[] sigmas = [.. Enumerable.Range(0, steps).Select(i => Shifted(1 + ((smallest - 1) * i / Math.Max(1, steps - 1)), shift)), 0];
        Steps = [.. Enumerable.Range(0, steps).Select(i => new FlowStep(TrainingTimesteps * sigmas[i], sigmas[i], sigmas[i + 1]))];
    }

    /// <summary>The steps in the order of sampling: σ descends.</summary>
    public IReadOnlyList<FlowStep> Steps { get; }

    /// <summary>Samples: for each step, predict, guide, step.</summary>
    /// <param name="denoiser">Predicts the flow, noise − clean.</param>
    /// <param name="start_BCTHW">Standard normal noise.</param>
    /// <param name="context_BLD">Text condition of each clip.</param>
    /// <param name="guidance">Guidance, or null for the conditional prediction alone.</param>
    /// <param name="onStep">Told the number of steps done after each.</param>
    public Tensor Sample(IDenoiser denoiser, Tensor start_BCTHW, Tensor context_BLD, ClassifierFreeGuidance? guidance = null, Action<int>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        using var noGradient = no_grad();
        Tensor latents_BCTHW = start_BCTHW.clone();
        for (int i = 0; i < Steps.Count; i++)
        {
            using var scope = NewDisposeScope();
            using Tensor before_BCTHW = latents_BCTHW;
            Tensor timesteps_B = full([start_BCTHW.shape[0]], Steps[i].Timestep, dtype: ScalarType.Float32, device: start_BCTHW.device);
            Tensor prediction_BCTHW = ClassifierFreeGuidance.Predict(denoiser, before_BCTHW, timesteps_B, context_BLD, guidance?.At(i));
            latents_BCTHW = Step(i, before_BCTHW, prediction_BCTHW).MoveToOuterDisposeScope();
            onStep?.Invoke(i + 1);
        }

        return latents_BCTHW;
    }

    /// <summary>One step: x + (σ' − σ)·flow.</summary>
    /// <param name="index">Index in <see cref="Steps"/>.</param>
    /// <param name="latents_BCTHW">Latents at the step's σ.</param>
    /// <param name="prediction_BCTHW">The flow that the denoiser predicts for them.</param>
    public Tensor Step(int index, Tensor latents_BCTHW, Tensor prediction_BCTHW)
    {
        ArgumentNullException.ThrowIfNull(latents_BCTHW);
        return latents_BCTHW.add(prediction_BCTHW, Steps[index].SigmaNext - Steps[index].Sigma);
    }

    internal static double Shifted(double sigma, double shift) => shift * sigma / (1 + ((shift - 1) * sigma));
}
