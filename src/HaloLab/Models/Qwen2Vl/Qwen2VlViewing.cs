using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>How many frames of a clip Qwen2-VL is shown, and how large.</summary>
/// <param name="Rate">Frames per second of the clip's time.</param>
/// <param name="Frames">Number of frames instead of a rate, or null.</param>
/// <param name="MostPixels">Largest area of a frame in pixels; null for the share of a budget that all frames have (<see cref="Qwen2VlSampling.PixelsPerFrame"/>).</param>
public sealed record Qwen2VlViewing(double Rate, int? Frames = null, double? MostPixels = null)
{
    private const double LeastPixels = 128.0 * Qwen2VlSampling.Factor * Qwen2VlSampling.Factor;

    /// <summary>Chooses the frames, resizes them and cuts them into patches.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="config">Sizes of the vision tower.</param>
    /// <exception cref="InputException">The clip is too short or of a shape that cannot be shown.</exception>
    public Qwen2VlView Of(VideoClip clip, Qwen2VlVisionConfig config)
    {
        ArgumentNullException.ThrowIfNull(clip);
        using var scope = NewDisposeScope();
        int count = Frames is int asked ? Qwen2VlSampling.FrameCount(clip.Frames, asked) : Qwen2VlSampling.FrameCount(clip.Frames, clip.FramesPerSecond, Rate);
        IReadOnlyList<int> frames = Qwen2VlSampling.Frames(clip.Frames, count);
        byte[] pixels = new byte[count * clip.Frame(0).Length];
        for (int i = 0; i < count; i++)
        {
            clip.Frame(frames[i]).CopyTo(pixels.AsSpan(i * clip.Frame(0).Length));
        }

        Tensor frames_TCHW = tensor(pixels, [count, clip.Height, clip.Width, 3], dtype: ScalarType.Byte).permute(0, 3, 1, 2);
        (Tensor patches_NV, Qwen2VlGrid grid) = new Qwen2VlProcessor(config).Video(frames_TCHW, LeastPixels, MostPixels ?? Qwen2VlSampling.PixelsPerFrame(count));
        return new Qwen2VlView(patches_NV.MoveToOuterDisposeScope(), grid, [.. frames, .. Enumerable.Repeat(frames[^1], (config.TemporalPatchSize * grid.Time) - count)]);
    }
}
