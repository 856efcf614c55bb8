using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace HaloLab.Tests.Videos;

/// <summary>Reads what <c>Apng</c> writes, from the specification alone: chunks with their CRC (computed bit by bit), zlib, filters.</summary>
internal sealed class PngReader
{
    private PngReader(byte[] png)
    {
        Assert.Equal([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], png[..8]);
        int position = 8;
        while (position < png.Length)
        {
            int length = (int)BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(position));
            byte[] data = png[(position + 8)..(position + 8 + length)];
            Assert.Equal(Crc(png.AsSpan(position + 4, length + 4)), BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(position + 8 + length)));
            Chunks.Add((Encoding.ASCII.GetString(png, position + 4, 4), data));
            position += length + 12;
        }

        byte[] header = Chunks[0].Data;
        Assert.Equal("IHDR", Chunks[0].Type);
        Assert.Equal("IEND", Chunks[^1].Type);
        Width = (int)BinaryPrimitives.ReadUInt32BigEndian(header);
        Height = (int)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
        Assert.Equal(8, header[8]);
        Channels = header[9] switch { 2 => 3, 6 => 4, _ => throw new InvalidDataException("colour type") };
    }

    public List<(string Type, byte[] Data)> Chunks { get; } = [];

    public int Width { get; }

    public int Height { get; }

    public int Channels { get; }

    /// <summary>The pixels of all pictures, one after the other.</summary>
    public byte[] Pixels { get; private set; } = [];

    public static PngReader Read(byte[] png)
    {
        PngReader reader = new(png);
        List<byte> pixels = [];
        foreach ((string type, byte[] data) in reader.Chunks)
        {
            if (type is "IDAT" or "fdAT")
            {
                pixels.AddRange(reader.Unfilter(type == "IDAT" ? data : data[4..]));
            }
        }

        reader.Pixels = [.. pixels];
        return reader;
    }

    private byte[] Unfilter(byte[] compressed)
    {
        using ZLibStream zlib = new(new MemoryStream(compressed), CompressionMode.Decompress);
        using MemoryStream plain = new();
        zlib.CopyTo(plain);
        byte[] filtered = plain.ToArray();
        int rowBytes = Width * Channels;
        Assert.Equal(Height * (rowBytes + 1), filtered.Length);
        byte[] pixels = new byte[Height * rowBytes];
        for (int row = 0; row < Height; row++)
        {
            int filter = filtered[row * (rowBytes + 1)];
            for (int i = 0; i < rowBytes; i++)
            {
                int a = i >= Channels ? pixels[(row * rowBytes) + i - Channels] : 0;
                int b = row > 0 ? pixels[((row - 1) * rowBytes) + i] : 0;
                int c = i >= Channels && row > 0 ? pixels[((row - 1) * rowBytes) + i - Channels] : 0;
                int[] distances = [Math.Abs(b - c), Math.Abs(a - c), Math.Abs(a + b - (2 * c))];
                int paeth = distances[0] <= distances[1] && distances[0] <= distances[2] ? a : distances[1] <= distances[2] ? b : c;
                int predicted = new[] { 0, a, b, (a + b) / 2, paeth }[filter];
                pixels[(row * rowBytes) + i] = (byte)(filtered[(row * (rowBytes + 1)) + 1 + i] + predicted);
            }
        }

        return pixels;
    }

    private static uint Crc(ReadOnlySpan<byte> data)
    {
        uint crc = 0xffffffff;
        foreach (byte value in data)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                bool odd = ((crc ^ (uint)(value >> bit)) & 1) != 0;
                crc = (crc >> 1) ^ (odd ? 0xedb88320 : 0);
            }
        }

        return crc ^ 0xffffffff;
    }
}
