using HaloLab.Videos;

namespace HaloLab.ToyWorld;

/// <summary>Given videos as the toy models take them.</summary>
public static class ToyResampling
{
    /// <summary>What is done to them, for manifests.</summary>
    public static string Rule { get; } = $"the whole clip spread over {ToyRenderer.Frames} frames of {ToyRenderer.Size}x{ToyRenderer.Size}; {ClipResampler.Rule}";

    /// <summary>The whole clip, at the frames and size of the toy world.</summary>
    public static VideoClip Fit(VideoClip clip) => ClipResampler.WholeClip(clip, ToyRenderer.Frames, ToyRenderer.Size, ToyRenderer.Size);
}
