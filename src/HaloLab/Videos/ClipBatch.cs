using static TorchSharp.torch;

namespace HaloLab.Videos;

/// <summary>Many clips of one size as one tensor. Bytes are kept where they wait in memory, a quarter of what networks see.</summary>
public static class ClipBatch
{
    /// <summary>Clips of one size → uint8 [B, 3, T, H, W] on the CPU, which the caller owns.</summary>
    /// <exception cref="InputException">The clips differ in size.</exception>
    public static Tensor ToPixels(IReadOnlyList<VideoClip> clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        ArgumentOutOfRangeException.ThrowIfZero(clips.Count, nameof(clips));
        VideoClip first = clips[0];
        using var scope = NewDisposeScope();
        Tensor pixels_BTHWC = empty([clips.Count, first.Frames, first.Height, first.Width, 3], dtype: ScalarType.Byte, device: CPU);
        Span<byte> bytes = pixels_BTHWC.bytes;
        for (int i = 0; i < clips.Count; i++)
        {
            VideoClip clip = clips[i];
            if ((clip.Frames, clip.Height, clip.Width) != (first.Frames, first.Height, first.Width))
            {
                throw new InputException(
                    $"Clip {i} is {clip.Frames}x{clip.Height}x{clip.Width}, clip 0 is {first.Frames}x{first.Height}x{first.Width} (frames x height x width): a batch needs one size. Resize them first.");
            }

            clip.Pixels.CopyTo(bytes[(i * clip.Pixels.Length)..]);
        }

        return pixels_BTHWC.permute(0, 4, 1, 2, 3).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Bytes 0 .. 255 → float32 −1 .. 1, on the same device.</summary>
    public static Tensor ToUnitRange(Tensor pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        using var scope = NewDisposeScope();
        return pixels.to(ScalarType.Float32).div(127.5).sub(1).MoveToOuterDisposeScope();
    }
}
