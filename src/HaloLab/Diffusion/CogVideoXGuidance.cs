namespace HaloLab.Diffusion;

/// <summary>Guidance scales that grow from step to step (Yang et al. 2024, arXiv 2408.06072), for <see cref="ClassifierFreeGuidance.ScaleOfStep"/>.</summary>
public static class CogVideoXGuidance
{
    private const int Power = 5;

    /// <summary>1 + g (1 − cos π (i/N)⁵) / 2 at step i of N: from 1 to almost g + 1.</summary>
    /// <param name="scale">g.</param>
    /// <param name="steps">N.</param>
    public static IReadOnlyList<double> Ramp(double scale, int steps) => [.. Enumerable.Range(0, steps).Select(i => Of(scale, (double)i / steps))];

    /// <summary>
    /// What diffusers computes: (N − t)/N with the timestep t, up to 999, in place of i/N. The cosine's argument then is of the order of 10¹¹ and the scale jumps
    /// about between 1 and g + 1; published samples were made with it.
    /// </summary>
    /// <param name="scale">g.</param>
    /// <param name="timesteps">The sampler's timesteps.</param>
    public static IReadOnlyList<double> AsInDiffusers(double scale, IReadOnlyList<int> timesteps)
    {
        ArgumentNullException.ThrowIfNull(timesteps);
        double steps = timesteps.Count;
        return [.. timesteps.Select(timestep => Of(scale, (steps - timestep) / steps))];
    }

    private static double Of(double scale, double share) => 1 + (scale * (1 - Math.Cos(Math.PI * Math.Pow(share, Power))) / 2);
}
