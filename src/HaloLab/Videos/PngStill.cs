using System.Buffers.Binary;
using System.IO.Compression;

namespace HaloLab.Videos;

/// <summary>
/// Reads still PNG pictures of 8-bit RGB without interlacing, as <see cref="Apng.EncodeStill"/> writes them, with any of the five filters.
/// Source: PNG specification, third edition.
/// </summary>
public static class PngStill
{
    private const int Channels = 3;

    /// <summary>The picture's pixels, height × width × 3.</summary>
    /// <exception cref="InputException">Not such a picture, or larger than <paramref name="mostPixels"/>.</exception>
    public static (byte[] Pixels, int Height, int Width) Decode(ReadOnlySpan<byte> png, int mostPixels = 1 << 24)
    {
        if (png.Length < 33 || !png[..8].SequenceEqual((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a]))
        {
            throw Broken("it does not begin as one");
        }

        (int width, int height) = (0, 0);
        using MemoryStream compressed = new();
        int position = 8;
        while (position + 12 <= png.Length)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(png[position..]);
            if (length > png.Length - position - 12)
            {
                throw Broken("a chunk is longer than the file");
            }

            ReadOnlySpan<byte> type = png.Slice(position + 4, 4);
            ReadOnlySpan<byte> data = png.Slice(position + 8, (int)length);
            if (type.SequenceEqual("IHDR"u8) && length == 13)
            {
                (width, height) = (BinaryPrimitives.ReadInt32BigEndian(data), BinaryPrimitives.ReadInt32BigEndian(data[4..]));
                if (width < 1 || height < 1 || (long)width * height > mostPixels || data[8] != 8 || data[9] != 2 || data[12] != 0)
                {
                    throw Broken($"expected 8-bit RGB without interlacing and at most {mostPixels} pixels");
                }
            }
            else if (type.SequenceEqual("IDAT"u8))
            {
                compressed.Write(data);
            }

            position += 12 + (int)length;
        }

        if (width == 0 || compressed.Length == 0)
        {
            throw Broken("it holds no pixels");
        }

        compressed.Position = 0;
        return (Unfilter(compressed, height, width), height, width);
    }

    private static byte[] Unfilter(Stream compressed, int height, int width)
    {
        int rowBytes = width * Channels;
        byte[] pixels = new byte[height * rowBytes];
        byte[] line = new byte[1 + rowBytes];
        try
        {
            using ZLibStream zlib = new(compressed, CompressionMode.Decompress);
            for (int row = 0; row < height; row++)
            {
                zlib.ReadExactly(line);
                Span<byte> current = pixels.AsSpan(row * rowBytes, rowBytes);
                ReadOnlySpan<byte> above = row == 0 ? new byte[rowBytes] : pixels.AsSpan((row - 1) * rowBytes, rowBytes);
                for (int i = 0; i < rowBytes; i++)
                {
                    int left = i < Channels ? 0 : current[i - Channels];
                    int up = above[i];
                    int corner = i < Channels ? 0 : above[i - Channels];
                    int predicted = line[0] switch
                    {
                        0 => 0,
                        1 => left,
                        2 => up,
                        3 => (left + up) / 2,
                        4 => Paeth(left, up, corner),
                        _ => throw Broken($"unknown filter {line[0]}"),
                    };
                    current[i] = (byte)(line[1 + i] + predicted);
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw Broken(exception.Message);
        }

        return pixels;
    }

    private static int Paeth(int left, int up, int corner)
    {
        int estimate = left + up - corner;
        (int a, int b, int c) = (Math.Abs(estimate - left), Math.Abs(estimate - up), Math.Abs(estimate - corner));
        return a <= b && a <= c ? left : b <= c ? up : corner;
    }

    private static InputException Broken(string problem) => new($"The picture is no PNG that can be read: {problem}.");
}
