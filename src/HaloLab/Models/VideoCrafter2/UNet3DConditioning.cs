using static TorchSharp.torch;

namespace HaloLab.Models.VideoCrafter2;

/// <summary>
/// Everything a <see cref="UNet3D"/> can be told beside latents and timestep. Upstream takes these as keyword arguments and swallows unknown
/// ones silently; here what has no member cannot be passed, and what the model has no part for is refused.
/// </summary>
/// <param name="Context_BLD">Text condition, batch × tokens × <see cref="UNet3DOptions.ContextChannels"/>.</param>
public sealed record UNet3DConditioning(Tensor Context_BLD)
{
    /// <summary>Frames per second of every clip of the batch. VideoCrafter2 is used with 28, T2V-Turbo with 16 (the default upstream).</summary>
    public double FramesPerSecond { get; init; } = 16;

    /// <summary><see cref="SinusoidalEmbedding.OfGuidance"/> of the guidance scale (T2V-Turbo), or null to leave it out.</summary>
    public Tensor? GuidanceEmbedding_BE { get; init; }

    /// <summary>The same of the motion guidance scale (T2V-Turbo-v2); given exactly when <see cref="GuidanceEmbedding_BE"/> is.</summary>
    public Tensor? MotionEmbedding_BE { get; init; }
}
