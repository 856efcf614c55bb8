using HaloLab.Models.Clip;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>Frames and pictures to the patches of <see cref="Qwen2VisionTower"/>, as the published pipeline of Qwen2-VL's reward models makes them.</summary>
/// <param name="config">Sizes of the tower.</param>
public sealed class Qwen2VlProcessor(Qwen2VlVisionConfig config)
{
    /// <summary>The patches of a video, resized by smoothing bicubic and rounded to grey levels.</summary>
    /// <param name="frames_TCHW">RGB grey levels 0 to 255 of any type. Of an odd number the last frame is taken twice.</param>
    /// <param name="leastPixels">Smallest area of a frame.</param>
    /// <param name="mostPixels">Largest area of a frame.</param>
    /// <exception cref="InputException">There is no legal size.</exception>
    public (Tensor Patches_NV, Qwen2VlGrid Grid) Video(Tensor frames_TCHW, double leastPixels, double mostPixels)
    {
        ArgumentNullException.ThrowIfNull(frames_TCHW);
        using var scope = NewDisposeScope();
        (Tensor patches_NV, Qwen2VlGrid grid) = Patches(Resized(frames_TCHW, leastPixels, mostPixels));
        return (patches_NV.MoveToOuterDisposeScope(), grid);
    }

    /// <summary>The patches of a still picture, resized as Pillow 10 does, its two frames the same.</summary>
    /// <param name="pixels_HWC">RGB bytes.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="leastPixels">Smallest area.</param>
    /// <param name="mostPixels">Largest area.</param>
    /// <exception cref="InputException">There is no legal size.</exception>
    public (Tensor Patches_NV, Qwen2VlGrid Grid) Image(ReadOnlySpan<byte> pixels_HWC, int height, int width, double leastPixels, double mostPixels)
    {
        (int toHeight, int toWidth) = Qwen2VlSampling.SmartResize(height, width, leastPixels, mostPixels);
        byte[] resized = PillowResizing.Resize(pixels_HWC, height, width, toHeight, toWidth, columnsMayComeFirst: false);
        using var scope = NewDisposeScope();
        Tensor picture_1CHW = tensor(resized, [1, toHeight, toWidth, 3], dtype: ScalarType.Byte).permute(0, 3, 1, 2);
        (Tensor patches_NV, Qwen2VlGrid grid) = Patches(picture_1CHW);
        return (patches_NV.MoveToOuterDisposeScope(), grid);
    }

    /// <summary>Frames at a legal size, in whole grey levels, float32.</summary>
    internal static Tensor Resized(Tensor frames_TCHW, double leastPixels, double mostPixels)
    {
        using var scope = NewDisposeScope();
        (int height, int width) = Qwen2VlSampling.SmartResize((int)frames_TCHW.shape[2], (int)frames_TCHW.shape[3], leastPixels, mostPixels);
        Tensor levels_TCHW = frames_TCHW.to(ScalarType.Float32);
        return PictureResizing.Resize(levels_TCHW, height, width, ResizeFilter.Bicubic, smooths: true).clamp(0, 255).round().MoveToOuterDisposeScope();
    }

    /// <summary>Frames of a legal size, cut into patches.</summary>
    internal (Tensor Patches_NV, Qwen2VlGrid Grid) Patches(Tensor frames_TCHW)
    {
        using var scope = NewDisposeScope();
        (int pair, int merge, int patch) = (config.TemporalPatchSize, config.SpatialMergeSize, config.PatchSize);
        Tensor normed_TCHW = ClipPreprocessing.Normalise(frames_TCHW.to(ScalarType.Float32));
        long missing = (pair - (normed_TCHW.shape[0] % pair)) % pair;
        if (missing > 0)
        {
            normed_TCHW = cat([normed_TCHW, normed_TCHW.narrow(0, normed_TCHW.shape[0] - 1, 1).expand(missing, -1, -1, -1)]);
        }

        long[] shape = normed_TCHW.shape;
        Qwen2VlGrid grid = new((int)shape[0] / pair, (int)shape[2] / patch, (int)shape[3] / patch);
        Tensor patches_NV = normed_TCHW
            .view(grid.Time, pair, shape[1], grid.Height / merge, merge, patch, grid.Width / merge, merge, patch)
            .permute(0, 3, 6, 4, 7, 2, 1, 5, 8)
            .reshape(grid.Patches, config.PatchValues);
        return (patches_NV.MoveToOuterDisposeScope(), grid);
    }
}
