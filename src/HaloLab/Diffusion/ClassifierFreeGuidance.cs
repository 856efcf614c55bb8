using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598): unconditional + scale · (conditional − unconditional).</summary>
/// <param name="UnconditionalContext_BLD">Text condition of the negative prompt, usually the empty text, for each clip.</param>
/// <param name="Scale">Guidance scale; 1 is the conditional prediction.</param>
public sealed record ClassifierFreeGuidance(Tensor UnconditionalContext_BLD, double Scale)
{
    /// <summary>The scale of each step by its index, or null for <see cref="Scale"/> in all.</summary>
    public IReadOnlyList<double>? ScaleOfStep { get; init; }

    /// <summary>The guidance of one step.</summary>
    internal ClassifierFreeGuidance At(int step) => ScaleOfStep is null ? this : new(UnconditionalContext_BLD, ScaleOfStep[step]);

    /// <summary>A denoiser's prediction, guided where there is guidance.</summary>
    internal static Tensor Predict(IDenoiser denoiser, Tensor latents_BCTHW, Tensor timesteps_B, Tensor context_BLD, ClassifierFreeGuidance? guidance)
    {
        Tensor prediction_BCTHW = denoiser.Predict(latents_BCTHW, timesteps_B, context_BLD);
        if (guidance is null)
        {
            return prediction_BCTHW;
        }

        Tensor unconditional_BCTHW = denoiser.Predict(latents_BCTHW, timesteps_B, guidance.UnconditionalContext_BLD);
        return unconditional_BCTHW + (guidance.Scale * (prediction_BCTHW - unconditional_BCTHW));
    }
}
