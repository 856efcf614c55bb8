using HaloLab.Models.Clip;

namespace HaloLab.Models.ViClip;

/// <summary>Sizes of a <see cref="ViClipModel"/>; the defaults are those of ViCLIP-L/14, which VBench and T2V-Turbo's rewards read.</summary>
public sealed record ViClipOptions
{
    /// <summary>Towers as CLIP's; texts have 32 tokens.</summary>
    public ClipOptions Towers { get; init; } = new() { ContextLength = 32 };

    /// <summary>Frames of a clip, always so many, or one.</summary>
    public int Frames { get; init; } = 8;
}
