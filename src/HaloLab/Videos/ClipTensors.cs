using static TorchSharp.torch;

namespace HaloLab.Videos;

/// <summary>Clips as tensors of pixels and back.</summary>
public static class ClipTensors
{
    /// <summary>The clip as float32 [3, T, H, W], red first.</summary>
    public static Tensor ToTensor(this VideoClip clip, PixelRange range = PixelRange.MinusOneToOne)
    {
        ArgumentNullException.ThrowIfNull(clip);
        using var scope = NewDisposeScope();
        Tensor bytes_THWC = tensor(clip.Pixels.ToArray(), [clip.Frames, clip.Height, clip.Width, 3], dtype: ScalarType.Byte);
        Tensor values_CTHW = bytes_THWC.permute(3, 0, 1, 2).to(ScalarType.Float32).contiguous();
        values_CTHW = range == PixelRange.ZeroToOne ? values_CTHW.div(255) : values_CTHW.div(127.5).sub(1);
        return values_CTHW.MoveToOuterDisposeScope();
    }

    /// <summary>Some frames as grey levels 0 to 255 of type byte, [N, 3, H, W], red first.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="frames">Which frames, in order; repetitions count.</param>
    public static Tensor ToFrames(this VideoClip clip, IReadOnlyList<int> frames)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentNullException.ThrowIfNull(frames);
        int frameBytes = clip.Height * clip.Width * 3;
        byte[] pixels = new byte[frames.Count * frameBytes];
        for (int i = 0; i < frames.Count; i++)
        {
            clip.Frame(frames[i]).CopyTo(pixels.AsSpan(i * frameBytes));
        }

        using var scope = NewDisposeScope();
        return tensor(pixels, [frames.Count, clip.Height, clip.Width, 3], dtype: ScalarType.Byte).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>[3, T, H, W] → clip: values outside the range are clamped, the rest is rounded to the nearest byte (ties to even).</summary>
    /// <exception cref="ArgumentException">Another shape, or a value that is not finite.</exception>
    public static VideoClip ToClip(this Tensor pixels_CTHW, double framesPerSecond, PixelRange range = PixelRange.MinusOneToOne)
    {
        ArgumentNullException.ThrowIfNull(pixels_CTHW);
        if (pixels_CTHW.dim() != 4 || pixels_CTHW.shape[0] != 3)
        {
            throw new ArgumentException($"Expected [3, T, H, W], got [{string.Join(", ", pixels_CTHW.shape)}].", nameof(pixels_CTHW));
        }

        using var scope = NewDisposeScope();
        Tensor values_CTHW = pixels_CTHW.detach().to(ScalarType.Float32).cpu();
        if (!values_CTHW.isfinite().all().item<bool>())
        {
            throw new ArgumentException("The pixels hold values that are not finite.", nameof(pixels_CTHW));
        }

        values_CTHW = range == PixelRange.ZeroToOne ? values_CTHW.mul(255) : values_CTHW.add(1).mul(127.5);
        Tensor bytes_THWC = values_CTHW.clamp(0, 255).round().to(ScalarType.Byte).permute(1, 2, 3, 0).contiguous();
        return new VideoClip(bytes_THWC.data<byte>().ToArray(), (int)pixels_CTHW.shape[1], (int)pixels_CTHW.shape[2], (int)pixels_CTHW.shape[3], framesPerSecond);
    }
    /// <summary>[B, 3, T, H, W] → B clips, each as <see cref="ToClip"/> gives it.</summary>
    public static VideoClip[] ToClips(this Tensor pixels_BCTHW, double framesPerSecond, PixelRange range = PixelRange.MinusOneToOne)
    {
        ArgumentNullException.ThrowIfNull(pixels_BCTHW);
        using var scope = NewDisposeScope();
        return [.. pixels_BCTHW.unbind().Select(pixels_CTHW => pixels_CTHW.ToClip(framesPerSecond, range))];
    }
}
