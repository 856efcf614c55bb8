using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>
/// How much signal and noise noisy latents hold at each of 1000 timesteps: x_t = √ᾱ_t s_t x₀ + √(1 − ᾱ_t) ε, with β the squares of numbers
/// evenly spaced between √0.00085 and √0.012. The tables are float32, as upstream's are; where they are rounded differs.
/// </summary>
public sealed class NoiseSchedule
{
    /// <summary>Number of timesteps.</summary>
    public const int Timesteps = 1000;

    private const double FirstBeta = 0.00085;
    private const double LastBeta = 0.012;

    /// <summary>VideoCrafter2 scales the signal down to this over its first timesteps and keeps it there.</summary>
    private const double LastScale = 0.7;
    private const int ScaleSteps = 400;

    private readonly float[] _signal;
    private readonly float[] _noise;

    private NoiseSchedule(float[] betas, float[] alphasCumprod, float[] signal, float[] noise, float[] scale)
    {
        Betas = betas;
        AlphasCumprod = alphasCumprod;
        Scale = scale;
        _signal = signal;
        _noise = noise;
    }

    /// <summary>β at each timestep.</summary>
    public IReadOnlyList<float> Betas { get; }

    /// <summary>ᾱ, the product of 1 − β up to each timestep.</summary>
    public IReadOnlyList<float> AlphasCumprod { get; }

    /// <summary>s, the factor on the clean latents at each timestep; 1 everywhere unless the schedule is scaled.</summary>
    public IReadOnlyList<float> Scale { get; }

    /// <summary>VideoCrafter2's: everything, square roots included, in float64, then rounded.</summary>
    /// <param name="scaled">Whether s falls from 1 to 0.7 over the first 400 timesteps (upstream <c>use_scale</c>, on in the published model).</param>
    /// <param name="endsInNoise">
    /// Whether √ᾱ is shifted and stretched to end at 0 (Lin et al. 2023, arXiv 2305.08891, algorithm 1), so that the last timestep is what
    /// sampling starts from. The published model ends at ᾱ = 0.0047. Needs <see cref="PredictionTarget.Velocity"/>.
    /// </param>
    public static NoiseSchedule VideoCrafter2(bool scaled = true, bool endsInNoise = false)
    {
        double[] roots = Roots();
        return endsInNoise ? EndingInNoise(roots, scaled) : FromRoots(roots, scaled);
    }

    /// <summary>√ᾱ at each timestep.</summary>
    private static double[] Roots()
    {
        double[] roots = new double[Timesteps];
        double product = 1;
        for (int i = 0; i < Timesteps; i++)
        {
            double root = Between(Math.Sqrt(FirstBeta), Math.Sqrt(LastBeta), i, Timesteps);
            product *= 1 - (root * root);
            roots[i] = Math.Sqrt(product);
        }

        return roots;
    }

    private static NoiseSchedule EndingInNoise(double[] roots, bool scaled) =>
        FromRoots([.. roots.Select(root => (root - roots[^1]) * roots[0] / (roots[0] - roots[^1]))], scaled);

    private static NoiseSchedule FromRoots(double[] roots, bool scaled)
    {
        float[] betas = new float[Timesteps];
        float[] alphasCumprod = new float[Timesteps];
        float[] signal = new float[Timesteps];
        float[] noise = new float[Timesteps];
        float[] scale = new float[Timesteps];
        for (int i = 0; i < Timesteps; i++)
        {
            double square = roots[i] * roots[i];
            betas[i] = (float)(1 - (square / (i == 0 ? 1 : roots[i - 1] * roots[i - 1])));
            alphasCumprod[i] = (float)square;
            signal[i] = (float)roots[i];
            noise[i] = (float)Math.Sqrt(1 - square);
            scale[i] = !scaled ? 1 : (float)(i < ScaleSteps ? Between(1, LastScale, i, ScaleSteps) : LastScale);
        }

        return new(betas, alphasCumprod, signal, noise, scale);
    }

    /// <summary>
    /// CogVideoX's (Yang et al. 2024, arXiv 2408.06072): ᾱ becomes ᾱ / (s + (1 − s) ᾱ), which divides the signal-to-noise ratio by s, and √ᾱ then ends at 0.
    /// Needs <see cref="PredictionTarget.Velocity"/> and <see cref="TimestepSpacing.Trailing"/>.
    /// </summary>
    /// <param name="snrShift">s, above 0: 3 for CogVideoX-2B, 1 for CogVideoX-5B.</param>
    public static NoiseSchedule CogVideoX(double snrShift)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(snrShift);
        return EndingInNoise([.. Roots().Select(root => Math.Sqrt(root * root / (snrShift + ((1 - snrShift) * root * root))))], scaled: false);
    }

    /// <summary>T2V-Turbo's and diffusers': everything in float32, unscaled.</summary>
    public static NoiseSchedule SinglePrecision()
    {
        using var scope = NewDisposeScope();
        Tensor roots = linspace(Math.Sqrt(FirstBeta), Math.Sqrt(LastBeta), Timesteps, ScalarType.Float32);
        Tensor betas = roots.square();
        Tensor alphasCumprod = (1 - betas).cumprod(0);
        float[] scale = new float[Timesteps];
        Array.Fill(scale, 1);
        return new(Values(betas), Values(alphasCumprod), Values(alphasCumprod.sqrt()), Values((1 - alphasCumprod).sqrt()), scale);

        static float[] Values(Tensor table) => table.data<float>().ToArray();
    }

    /// <summary>Noisy latents, √ᾱ s x₀ + √(1 − ᾱ) ε.</summary>
    /// <param name="clean_BX">Clean latents x₀ of any shape after the batch.</param>
    /// <param name="noise_BX">Standard normal noise ε.</param>
    /// <param name="timesteps_B">Timesteps 0 to 999, int64.</param>
    public Tensor AddNoise(Tensor clean_BX, Tensor noise_BX, Tensor timesteps_B)
    {
        using var scope = NewDisposeScope();
        Tensor signal_BX = SignalOf(timesteps_B, clean_BX);
        return (signal_BX * clean_BX).addcmul_(At(_noise, timesteps_B, clean_BX), noise_BX, 1).MoveToOuterDisposeScope();
    }

    /// <summary>What a denoiser should predict: the noise itself, or the velocity √ᾱ ε − √(1 − ᾱ) s x₀.</summary>
    /// <param name="target">Which of the two.</param>
    /// <param name="clean_BX">Clean latents x₀.</param>
    /// <param name="noise_BX">The noise ε that was added.</param>
    /// <param name="timesteps_B">Timesteps 0 to 999, int64.</param>
    /// <returns>A tensor of its own, also where it equals the noise.</returns>
    public Tensor TargetOf(PredictionTarget target, Tensor clean_BX, Tensor noise_BX, Tensor timesteps_B)
    {
        using var scope = NewDisposeScope();
        if (target == PredictionTarget.Noise)
        {
            return noise_BX.alias().MoveToOuterDisposeScope();
        }

        Tensor scaled_BX = At(Scale, timesteps_B, clean_BX) * clean_BX;
        Tensor velocity_BX = At(_signal, timesteps_B, clean_BX) * noise_BX;
        return velocity_BX.addcmul_(At(_noise, timesteps_B, clean_BX), scaled_BX, -1).MoveToOuterDisposeScope();
    }

    private Tensor SignalOf(Tensor timesteps_B, Tensor like_BX) => At(_signal, timesteps_B, like_BX) * At(Scale, timesteps_B, like_BX);

    /// <summary>The table's value for each clip, ready to be multiplied with a tensor of that rank, type and device.</summary>
    private static Tensor At(IReadOnlyList<float> table, Tensor timesteps_B, Tensor like_BX)
    {
        long[] shape = [timesteps_B.shape[0], .. Enumerable.Repeat(1L, (int)like_BX.dim() - 1)];
        return tensor((float[])table, dtype: like_BX.dtype, device: like_BX.device)[timesteps_B].view(shape);
    }

    private static double Between(double first, double last, int index, int count) => first + ((last - first) * index / (count - 1));
}
