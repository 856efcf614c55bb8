using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace HaloLab.Videos;

/// <summary>
/// A short video: 8-bit RGB frames in the order T×H×W×3 and a frame rate. Immutable by convention: whoever makes a clip gives its pixels
/// away. Its <see cref="ContentHash"/> is its identity everywhere (labels, pairs, caches).
/// </summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class VideoClip
{
    private readonly byte[] _pixels;
    private readonly Lazy<string> _contentHash;

    /// <param name="pixels">Frames × height × width × 3 bytes, red first.</param>
    /// <param name="frames">Number of frames, at least 1.</param>
    /// <param name="height">Rows of pixels, at least 1.</param>
    /// <param name="width">Columns of pixels, at least 1.</param>
    /// <param name="framesPerSecond">Frame rate in frames per second, above 0.</param>
    public VideoClip(byte[] pixels, int frames, int height, int width, double framesPerSecond)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (!(framesPerSecond > 0 && double.IsFinite(framesPerSecond)))
        {
            throw new ArgumentOutOfRangeException(nameof(framesPerSecond), framesPerSecond, "The frame rate must be above 0.");
        }

        if (pixels.LongLength != (long)frames * height * width * 3)
        {
            throw new ArgumentException($"Expected {frames}×{height}×{width}×3 bytes, got {pixels.LongLength}.", nameof(pixels));
        }

        _pixels = pixels;
        Frames = frames;
        Height = height;
        Width = width;
        FramesPerSecond = framesPerSecond;
        _contentHash = new Lazy<string>(ComputeHash);
    }

    public int Frames { get; }

    public int Height { get; }

    public int Width { get; }

    public double FramesPerSecond { get; }

    /// <summary>All pixels, T×H×W×3.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>The same, for asynchronous writers.</summary>
    public ReadOnlyMemory<byte> PixelMemory => _pixels;

    /// <summary>SHA-256 over size, rate and pixels, in lower-case hexadecimal: the same on every machine.</summary>
    public string ContentHash => _contentHash.Value;

    /// <summary>The pixels of one frame, H×W×3.</summary>
    public ReadOnlySpan<byte> Frame(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Frames);
        int frameBytes = Height * Width * 3;
        return _pixels.AsSpan(index * frameBytes, frameBytes);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Frames} frames of {Height}×{Width}, {FramesPerSecond:0.###} per second");

    private string ComputeHash()
    {
        Span<byte> header_20 = stackalloc byte[20];
        BinaryPrimitives.WriteInt32LittleEndian(header_20, Frames);
        BinaryPrimitives.WriteInt32LittleEndian(header_20[4..], Height);
        BinaryPrimitives.WriteInt32LittleEndian(header_20[8..], Width);
        BinaryPrimitives.WriteDoubleLittleEndian(header_20[12..], FramesPerSecond);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header_20);
        hash.AppendData(_pixels);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
