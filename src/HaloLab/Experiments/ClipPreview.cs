using HaloLab.Displays;
using HaloLab.Videos;

namespace HaloLab.Experiments;

/// <summary>Clips as pages show them: small, and of no more frames than a player takes.</summary>
internal static class ClipPreview
{
    private const int Width = 224;

    /// <summary>The whole clip at a width of at most 224 pixels.</summary>
    public static VideoClip Of(VideoClip clip)
    {
        int width = Math.Min(clip.Width, Width);
        return ClipResampler.WholeClip(clip, Math.Min(clip.Frames, ClipPlayer.MaximumFrames), Math.Max(1, clip.Height * width / clip.Width), width);
    }
}
