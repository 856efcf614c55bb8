namespace HaloLab.Optimisation;

/// <summary>Learning rates as pure functions of the step.</summary>
public static class LearningRateSchedule
{
    /// <summary>Rises linearly from 0 over the first steps, then stays.</summary>
    /// <param name="peak">Learning rate after the warm-up.</param>
    /// <param name="warmUpSteps">Steps of the rise; step 0 has rate 0 unless this is 0.</param>
    /// <param name="step">Step, from 0.</param>
    public static double WarmUp(double peak, int warmUpSteps, long step) => step < warmUpSteps ? peak * step / warmUpSteps : peak;

    /// <summary>Rises linearly from 0, then falls to 0 at <paramref name="totalSteps"/> along half a cosine.</summary>
    /// <param name="peak">Learning rate after the warm-up.</param>
    /// <param name="warmUpSteps">Steps of the rise.</param>
    /// <param name="totalSteps">Where it reaches 0.</param>
    /// <param name="step">Step, from 0.</param>
    public static double WarmUpCosine(double peak, int warmUpSteps, long totalSteps, long step)
    {
        if (step < warmUpSteps)
        {
            return WarmUp(peak, warmUpSteps, step);
        }

        double share = Math.Min(1.0, (double)(step - warmUpSteps) / Math.Max(1, totalSteps - warmUpSteps));
        return peak * 0.5 * (1.0 + Math.Cos(Math.PI * share));
    }
}
