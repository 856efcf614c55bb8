using System.Globalization;
using static TorchSharp.torch;

namespace HaloLab.Videos;

/// <summary>
/// Brings a clip to the frames, rate and size that a model takes. Frames are picked, never blended: a frame of the result shows the source
/// frame that is on screen in the middle of its own time. Pictures are stretched to the size, not cropped, so that a patch keeps its place
/// in normalised coordinates: an axis that shrinks is averaged by area, one that grows is interpolated linearly between pixel centres.
/// </summary>
public static class ClipResampler
{
    /// <summary>The rule in words, for manifests.</summary>
    public const string Rule = "frames: nearest in time to the middle of each target frame; pictures: stretched, area mean where an axis shrinks, linear where it grows";

    /// <summary>The beginning of the clip at its true speed: <paramref name="frames"/> frames at <paramref name="framesPerSecond"/>.</summary>
    /// <exception cref="InputException">The clip is shorter than that by a source frame or more.</exception>
    public static VideoClip KeepSpeed(VideoClip clip, int frames, int height, int width, double framesPerSecond)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        double ratio = clip.FramesPerSecond / framesPerSecond;
        if (frames * ratio >= clip.Frames + 1)
        {
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture,
                $"A clip of {clip.Frames} frames at {clip.FramesPerSecond:0.###} frames per second is shorter than the {frames / framesPerSecond:0.###} s wanted: give a longer clip, or spread the whole clip over the frames."));
        }

        return Resample(clip, frames, height, width, framesPerSecond, ratio);
    }

    /// <summary>The whole clip spread evenly over <paramref name="frames"/> frames; the rate follows, so that it still lasts as long.</summary>
    public static VideoClip WholeClip(VideoClip clip, int frames, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        double ratio = (double)clip.Frames / frames;
        return Resample(clip, frames, height, width, clip.FramesPerSecond / ratio, ratio);
    }

    /// <summary>The clip at another size, frames and rate unchanged.</summary>
    public static VideoClip Resize(VideoClip clip, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(clip);
        return Resample(clip, clip.Frames, height, width, clip.FramesPerSecond, 1);
    }

    private static VideoClip Resample(VideoClip clip, int frames, int height, int width, double framesPerSecond, double ratio)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        int frameBytes = checked(height * width * 3);
        byte[] pixels = new byte[checked(frames * frameBytes)];
        double[,]? rows = clip.Height == height ? null : ResizeWeights(clip.Height, height);
        double[,]? columns = clip.Width == width ? null : ResizeWeights(clip.Width, width);
        for (int i = 0; i < frames; i++)
        {
            int source = Math.Min((int)Math.Floor((i + 0.5) * ratio), clip.Frames - 1);
            Span<byte> target = pixels.AsSpan(i * frameBytes, frameBytes);
            if (rows is null && columns is null)
            {
                clip.Frame(source).CopyTo(target);
            }
            else
            {
                ResizeFrame(clip.Frame(source), clip.Height, clip.Width, rows, columns).CopyTo(target);
            }
        }

        return new VideoClip(pixels, frames, height, width, framesPerSecond);
    }

    private static byte[] ResizeFrame(ReadOnlySpan<byte> pixels, int height, int width, double[,]? rows, double[,]? columns)
    {
        using var scope = NewDisposeScope();
        Tensor image_CHW = tensor(pixels.ToArray(), [height, width, 3], dtype: ScalarType.Byte).permute(2, 0, 1).to(ScalarType.Float32);
        if (rows is not null)
        {
            image_CHW = tensor(rows, dtype: ScalarType.Float32).matmul(image_CHW);
        }

        if (columns is not null)
        {
            image_CHW = image_CHW.matmul(tensor(columns, dtype: ScalarType.Float32).t());
        }

        return image_CHW.round().clamp(0, 255).to(ScalarType.Byte).permute(1, 2, 0).contiguous().data<byte>().ToArray();
    }

    /// <summary>[target, source]: area overlap when the axis shrinks; between pixel centres, held at the ends, when it grows.</summary>
    private static double[,] ResizeWeights(int source, int target)
    {
        if (target < source)
        {
            return AxisWeights.Overlap(LatticeEdges.UniformAxis(source), LatticeEdges.UniformAxis(target));
        }

        double[,] weights = new double[target, source];
        for (int i = 0; i < target; i++)
        {
            double centre = Math.Clamp(((i + 0.5) * source / target) - 0.5, 0, source - 1);
            int before = Math.Min((int)centre, source - 1);
            int after = Math.Min(before + 1, source - 1);
            weights[i, before] += 1 - (centre - before);
            weights[i, after] += centre - before;
        }

        return weights;
    }
}
