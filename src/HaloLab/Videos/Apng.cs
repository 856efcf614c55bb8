using System.Buffers.Binary;
using System.IO.Compression;

namespace HaloLab.Videos;

/// <summary>
/// Writes PNG pictures and animated PNG clips, losslessly and with nothing but the runtime: every browser plays them.
/// Source: PNG specification, third edition (animation included).
/// </summary>
public static class Apng
{
    private static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(CrcOfByte)];

    /// <summary>The clip as an animated PNG that repeats for ever; viewers without animation show its first frame.</summary>
    public static byte[] Encode(VideoClip clip)
    {
        ArgumentNullException.ThrowIfNull(clip);
        using MemoryStream stream = new();
        WriteHeader(stream, clip.Height, clip.Width, channels: 3);
        WriteChunk(stream, "acTL"u8, BigEndian((uint)clip.Frames, 0));
        (ushort delayNumerator, ushort delayDenominator) = FrameDelay(clip.FramesPerSecond);
        uint sequence = 0;
        for (int i = 0; i < clip.Frames; i++)
        {
            byte[] control = new byte[26];
            BigEndian(sequence++, (uint)clip.Width, (uint)clip.Height, 0, 0).CopyTo(control, 0);
            BinaryPrimitives.WriteUInt16BigEndian(control.AsSpan(20), delayNumerator);
            BinaryPrimitives.WriteUInt16BigEndian(control.AsSpan(22), delayDenominator);
            WriteChunk(stream, "fcTL"u8, control);
            byte[] data = Compress(clip.Frame(i), clip.Height, clip.Width * 3, channels: 3, CompressionLevel.SmallestSize);
            if (i == 0)
            {
                WriteChunk(stream, "IDAT"u8, data);
            }
            else
            {
                WriteChunk(stream, "fdAT"u8, [.. BigEndian(sequence++), .. data]);
            }
        }

        WriteChunk(stream, "IEND"u8, []);
        return stream.ToArray();
    }

    /// <summary>One picture as a PNG.</summary>
    /// <param name="pixels">Height × width × channels bytes.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="channels">3 for RGB, 4 for RGB and opacity.</param>
    /// <param name="level">How hard to compress; it is lossless in any case.</param>
    public static byte[] EncodeStill(ReadOnlySpan<byte> pixels, int height, int width, int channels = 3, CompressionLevel level = CompressionLevel.SmallestSize)
    {
        if (channels is not (3 or 4) || height < 1 || width < 1 || pixels.Length != (long)height * width * channels)
        {
            throw new ArgumentException($"{pixels.Length} bytes are not {height}×{width} pixels of {channels} channels (3 or 4).", nameof(pixels));
        }

        using MemoryStream stream = new();
        WriteHeader(stream, height, width, channels);
        WriteChunk(stream, "IDAT"u8, Compress(pixels, height, width * channels, channels, level));
        WriteChunk(stream, "IEND"u8, []);
        return stream.ToArray();
    }

    private static void WriteHeader(Stream stream, int height, int width, int channels)
    {
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a]);
        byte colourType = channels == 3 ? (byte)2 : (byte)6;
        WriteChunk(stream, "IHDR"u8, [.. BigEndian((uint)width, (uint)height), 8, colourType, 0, 0, 0]);
    }

    private static void WriteChunk(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        stream.Write(BigEndian((uint)data.Length));
        stream.Write(type);
        stream.Write(data);
        uint crc = Crc(Crc(uint.MaxValue, type), data) ^ uint.MaxValue;
        stream.Write(BigEndian(crc));
    }

    private static byte[] BigEndian(params ReadOnlySpan<uint> values)
    {
        byte[] bytes = new byte[values.Length * 4];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * 4), values[i]);
        }

        return bytes;
    }

    private static byte[] Compress(ReadOnlySpan<byte> pixels, int height, int rowBytes, int channels, CompressionLevel level)
    {
        using MemoryStream stream = new();
        using (ZLibStream zlib = new(stream, level))
        {
            byte[] above = new byte[rowBytes];
            byte[] best = new byte[rowBytes];
            byte[] trial = new byte[rowBytes];
            for (int row = 0; row < height; row++)
            {
                ReadOnlySpan<byte> current = pixels.Slice(row * rowBytes, rowBytes);
                byte filter = BestFilter(current, above, channels, ref best, ref trial);
                zlib.WriteByte(filter);
                zlib.Write(best);
                current.CopyTo(above);
            }
        }

        return stream.ToArray();
    }

    /// <summary>The filter whose output has the smallest sum of magnitudes: the usual guess at what compresses best.</summary>
    private static byte BestFilter(ReadOnlySpan<byte> current, ReadOnlySpan<byte> above, int channels, ref byte[] best, ref byte[] trial)
    {
        if (current.SequenceEqual(above))
        {
            // The choice below, sooner: enlarged pictures have many such rows.
            best.AsSpan().Clear();
            return current.ContainsAnyExcept((byte)0) ? (byte)2 : (byte)0;
        }

        byte bestFilter = 0;
        long smallest = long.MaxValue;
        for (byte filter = 0; filter <= 4; filter++)
        {
            Filter(filter, current, above, channels, trial);
            long sum = 0;
            foreach (byte value in trial)
            {
                sum += value < 128 ? value : 256 - value;
            }

            if (sum < smallest)
            {
                (smallest, bestFilter) = (sum, filter);
                (best, trial) = (trial, best);
            }
        }

        return bestFilter;
    }

    private static void Filter(byte filter, ReadOnlySpan<byte> current, ReadOnlySpan<byte> above, int channels, Span<byte> output)
    {
        for (int i = 0; i < current.Length; i++)
        {
            int left = i >= channels ? current[i - channels] : 0;
            int aboveLeft = i >= channels ? above[i - channels] : 0;
            int predicted = filter switch
            {
                0 => 0,
                1 => left,
                2 => above[i],
                3 => (left + above[i]) / 2,
                _ => Paeth(left, above[i], aboveLeft),
            };
            output[i] = (byte)(current[i] - predicted);
        }
    }

    private static int Paeth(int left, int above, int aboveLeft)
    {
        int estimate = left + above - aboveLeft;
        int toLeft = Math.Abs(estimate - left);
        int toAbove = Math.Abs(estimate - above);
        int toAboveLeft = Math.Abs(estimate - aboveLeft);
        return toLeft <= toAbove && toLeft <= toAboveLeft ? left : toAbove <= toAboveLeft ? above : aboveLeft;
    }

    /// <summary>Seconds per frame as the fraction of two 16-bit numbers that is nearest, smallest numerator first (1/8, 1001/30000).</summary>
    private static (ushort Numerator, ushort Denominator) FrameDelay(double framesPerSecond)
    {
        (ushort, ushort) best = (1, 1);
        double smallest = double.PositiveInfinity;
        for (int numerator = 1; numerator <= ushort.MaxValue; numerator++)
        {
            double denominator = Math.Round(framesPerSecond * numerator);
            double error = Math.Abs((denominator / numerator) - framesPerSecond);
            if (denominator is >= 1 and <= ushort.MaxValue && error < smallest * 0.999)
            {
                (best, smallest) = (((ushort)numerator, (ushort)denominator), error);
            }

            if (smallest <= 1e-9 * framesPerSecond || denominator > ushort.MaxValue)
            {
                break;
            }
        }

        return best;
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
        {
            crc = CrcTable[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return crc;
    }

    private static uint CrcOfByte(int value)
    {
        uint crc = (uint)value;
        for (int bit = 0; bit < 8; bit++)
        {
            crc = (crc & 1) == 0 ? crc >> 1 : 0xedb88320u ^ (crc >> 1);
        }

        return crc;
    }
}
