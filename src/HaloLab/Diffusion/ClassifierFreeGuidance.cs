using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598): unconditional + scale · (conditional − unconditional).</summary>
/// <param name="UnconditionalContext_BLD">Text condition of the negative prompt, usually the empty text, for each clip.</param>
/// <param name="Scale">Guidance scale; 1 is the conditional prediction.</param>
public sealed record ClassifierFreeGuidance(Tensor UnconditionalContext_BLD, double Scale)
{
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
