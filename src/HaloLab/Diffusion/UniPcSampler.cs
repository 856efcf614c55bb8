using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>
/// UniPC (Zhao et al. 2023, arXiv 2302.04867) of order 2 along a flow, as Wan2.1 samples: B(h) = e^h − 1 (bh2), predicting clean latents, each prediction
/// first correcting the step that led to it.
/// </summary>
public sealed class UniPcSampler
{
    private const int TrainingTimesteps = 1000;
    private const int Order = 2;

    /// <summary>The first σ is not 1, where λ = log((1 − σ) / σ) has no value.</summary>
    private const double LargestSigma = 1 - 1e-6;

    /// <param name="steps">Number of steps, at least 1.</param>
    /// <param name="shift">s of σ ← s·σ / (1 + (s − 1)·σ), above 0: 3 for 480p, 5 for 720p.</param>
    public UniPcSampler(int steps, double shift)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shift);
        const double Smallest = 1.0 / TrainingTimesteps;
        double[] sigmas = [.. Enumerable.Range(0, steps).Select(i => Math.Min(LargestSigma, FlowEulerSampler.Shifted(1 + ((Smallest - 1) * i / steps), shift))), 0];
        Steps = [.. Enumerable.Range(0, steps).Select(i => new FlowStep(Math.Truncate(TrainingTimesteps * sigmas[i]), sigmas[i], sigmas[i + 1]))];
    }

    /// <summary>The steps in the order of sampling: σ descends. Timesteps are whole.</summary>
    public IReadOnlyList<FlowStep> Steps { get; }

    /// <summary>Samples: for each step, predict, guide, correct, step.</summary>
    /// <param name="denoiser">Predicts the flow, noise − clean.</param>
    /// <param name="start_BCTHW">Standard normal noise.</param>
    /// <param name="context_BLD">Text condition of each clip.</param>
    /// <param name="guidance">Guidance, or null for the conditional prediction alone.</param>
    /// <param name="onStep">Told the number of steps done after each.</param>
    public Tensor Sample(IDenoiser denoiser, Tensor start_BCTHW, Tensor context_BLD, ClassifierFreeGuidance? guidance = null, Action<int>? onStep = null)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        using var noGradient = no_grad();
        using UniPcHistory history = new();
        Tensor latents_BCTHW = start_BCTHW.clone();
        for (int i = 0; i < Steps.Count; i++)
        {
            using var scope = NewDisposeScope();
            using Tensor before_BCTHW = latents_BCTHW;
            Tensor timesteps_B = full([start_BCTHW.shape[0]], (long)Steps[i].Timestep, dtype: ScalarType.Int64, device: start_BCTHW.device);
            Tensor prediction_BCTHW = ClassifierFreeGuidance.Predict(denoiser, before_BCTHW, timesteps_B, context_BLD, guidance?.At(i));
            latents_BCTHW = Step(i, history, before_BCTHW, prediction_BCTHW).MoveToOuterDisposeScope();
            onStep?.Invoke(i + 1);
        }

        return latents_BCTHW;
    }

    /// <summary>One step: corrects the latents by what the denoiser now sees in them, then predicts the next.</summary>
    /// <param name="index">Index in <see cref="Steps"/>; steps are taken in order.</param>
    /// <param name="history">What the earlier steps left; a new one at step 0.</param>
    /// <param name="latents_BCTHW">What the last step predicted for this step's σ.</param>
    /// <param name="prediction_BCTHW">The flow that the denoiser predicts for them.</param>
    public Tensor Step(int index, UniPcHistory history, Tensor latents_BCTHW, Tensor prediction_BCTHW)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(latents_BCTHW);
        using var scope = NewDisposeScope();
        Tensor clean_BCTHW = latents_BCTHW.add(prediction_BCTHW, -Steps[index].Sigma);
        Tensor corrected_BCTHW = index == 0 ? latents_BCTHW.alias() : Correct(index, history, clean_BCTHW);
        int order = Math.Min(Math.Min(Order, Steps.Count - index), history.Count + 1);
        history.Add(corrected_BCTHW, clean_BCTHW, order);
        return Predict(index, history).MoveToOuterDisposeScope();
    }

    /// <summary>UniP: from the corrected latents and the clean estimates at this σ and the one before.</summary>
    private Tensor Predict(int index, UniPcHistory history)
    {
        (double growth, double h) = Growth(Steps[index].Sigma, Steps[index].SigmaNext);
        Tensor next_BCTHW = Linear(index, history.Latents, history.Clean(0), growth);
        if (history.Order < Order)
        {
            return next_BCTHW;
        }

        double ratio = (Lambda(Steps[index - 1].Sigma) - Lambda(Steps[index].Sigma)) / h;
        Tensor slope_BCTHW = (history.Clean(1) - history.Clean(0)) / ratio;
        return next_BCTHW.add(slope_BCTHW, -(1 - Steps[index].SigmaNext) * growth / 2);
    }

    /// <summary>UniC: the last step again, with the clean estimate at its end known.</summary>
    private Tensor Correct(int index, UniPcHistory history, Tensor clean_BCTHW)
    {
        int last = index - 1;
        (double growth, double h) = Growth(Steps[last].Sigma, Steps[last].SigmaNext);
        Tensor again_BCTHW = Linear(last, history.Latents, history.Clean(0), growth);
        Tensor endSlope_BCTHW = clean_BCTHW - history.Clean(0);
        double factor = -(1 - Steps[last].SigmaNext) * growth;
        if (history.Order < Order)
        {
            return again_BCTHW.add(endSlope_BCTHW, factor / 2);
        }

        // The weights ρ of both slopes solve [1 1; r 1] ρ = b, so that polynomials in λ up to the order are met exactly (eq. 9 with B = e^h − 1).
        double ratio = (Lambda(Steps[last - 1].Sigma) - Lambda(Steps[last].Sigma)) / h;
        double phi2 = (growth / -h) - 1;
        double phi3 = (phi2 / -h) - 0.5;
        (double b1, double b2) = (phi2 / growth, 2 * phi3 / growth);
        double weight = (b1 - b2) / (1 - ratio);
        Tensor slope_BCTHW = (history.Clean(1) - history.Clean(0)) / ratio;
        return again_BCTHW.add(slope_BCTHW, factor * weight).add(endSlope_BCTHW, factor * (b1 - weight));
    }

    private Tensor Linear(int index, Tensor latents_BCTHW, Tensor clean_BCTHW, double growth) =>
        (Steps[index].SigmaNext / Steps[index].Sigma * latents_BCTHW).add(clean_BCTHW, -(1 - Steps[index].SigmaNext) * growth);

    /// <summary>e^−h − 1 and h, the step in λ; infinite where the step ends in clean latents.</summary>
    private static (double Growth, double H) Growth(double sigma, double next)
    {
        double h = Lambda(next) - Lambda(sigma);
        return (double.IsInfinity(h) ? -1 : Math.Exp(-h) - 1, h);
    }

    private static double Lambda(double sigma) => Math.Log(1 - sigma) - Math.Log(sigma);
}
