using static TorchSharp.torch;

namespace HaloLab.Diffusion;

/// <summary>Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598): unconditional + scale · (conditional − unconditional).</summary>
/// <param name="UnconditionalContext_BLD">Text condition of the negative prompt, usually the empty text, for each clip.</param>
/// <param name="Scale">Guidance scale; 1 is the conditional prediction.</param>
public sealed record ClassifierFreeGuidance(Tensor UnconditionalContext_BLD, double Scale);
