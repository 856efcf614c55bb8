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
    /// <param name="config">Sizes of the model.</param>
    /// <exception cref="InputException">The clip is too short, too long, or of a shape that cannot be shown.</exception>
    public Qwen2VlView Of(VideoClip clip, Qwen2VlConfig config)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentNullException.ThrowIfNull(config);
        using var scope = NewDisposeScope();
        int count = Frames is int asked ? Qwen2VlSampling.FrameCount(clip.Frames, asked) : Qwen2VlSampling.FrameCount(clip.Frames, clip.FramesPerSecond, Rate);
        double mostPixels = MostPixels ?? Qwen2VlSampling.PixelsPerFrame(count);
        RequireRoom(clip, count, mostPixels, config);
        IReadOnlyList<int> frames = Qwen2VlSampling.Frames(clip.Frames, count);
        Tensor frames_TCHW = clip.ToFrames(frames);
        (Tensor patches_NV, Qwen2VlGrid grid) = new Qwen2VlProcessor(config.VisionConfig).Video(frames_TCHW, LeastPixels, mostPixels);
        return new Qwen2VlView(patches_NV.MoveToOuterDisposeScope(), grid, [.. frames, .. Enumerable.Repeat(frames[^1], (config.VisionConfig.TemporalPatchSize * grid.Time) - count)]);
    }

    /// <summary>Two frames are at least 128 tokens, however small they are: a long clip is known to be too much before its frames take gibibytes.</summary>
    private static void RequireRoom(VideoClip clip, int count, double mostPixels, Qwen2VlConfig config)
    {
        Qwen2VlVisionConfig vision = config.VisionConfig;
        (int height, int width) = Qwen2VlSampling.SmartResize(clip.Height, clip.Width, LeastPixels, mostPixels);
        int pairs = (count + vision.TemporalPatchSize - 1) / vision.TemporalPatchSize;
        int tokens = new Qwen2VlGrid(pairs, height / vision.PatchSize, width / vision.PatchSize).Tokens(vision.SpatialMergeSize);
        if (tokens > config.MaxPositionEmbeddings)
        {
            throw new InputException(
                $"A video of {clip.Frames} frames is too long for Qwen2-VL: the {count} that it is shown become {tokens} tokens, and config.json allows {config.MaxPositionEmbeddings} (max_position_embeddings). Cut it into shorter ones, for example: ffmpeg -i IN -t 30 OUT.mp4");
        }
    }
}
