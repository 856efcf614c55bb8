using System.Buffers.Binary;
using HaloLab.Videos;

namespace HaloLab.Tests.Videos;

public class ApngTests
{
    [Theory]
    [InlineData(1, 5, 7, 8)]
    [InlineData(9, 16, 12, 24)]
    public void FramesComeBackBitForBit(int frames, int height, int width, double rate)
    {
        VideoClip clip = Gradient(frames, height, width, rate);
        PngReader png = PngReader.Read(Apng.Encode(clip));
        Assert.Equal((height, width), (png.Height, png.Width));
        Assert.Equal(clip.Pixels.ToArray(), png.Pixels);
        Assert.Equal((uint)frames, Number(png.Chunks.Single(chunk => chunk.Type == "acTL").Data, 0));
        Assert.Equal(0u, Number(png.Chunks.Single(chunk => chunk.Type == "acTL").Data, 4));

        // The frame controls and the frame data share one sequence without a gap; the first frame is the still picture.
        uint[] sequence = [.. png.Chunks.Where(chunk => chunk.Type is "fcTL" or "fdAT").Select(chunk => Number(chunk.Data, 0))];
        Assert.Equal(Enumerable.Range(0, (2 * frames) - 1).Select(i => (uint)i), sequence);
        string[] expected = ["IHDR", "acTL", "fcTL", "IDAT", .. Enumerable.Repeat(new[] { "fcTL", "fdAT" }, frames - 1).SelectMany(pair => pair), "IEND"];
        Assert.Equal(expected, png.Chunks.Select(chunk => chunk.Type));
        foreach ((_, byte[] control) in png.Chunks.Where(chunk => chunk.Type == "fcTL"))
        {
            Assert.Equal(26, control.Length);
            Assert.Equal([(uint)width, (uint)height, 0, 0], new[] { Number(control, 4), Number(control, 8), Number(control, 12), Number(control, 16) });
        }
    }

    [Theory]
    [InlineData(8, 1, 8)]
    [InlineData(30000.0 / 1001, 1001, 30000)]
    [InlineData(0.25, 4, 1)]
    [InlineData(12.5, 2, 25)]
    public void DelayIsTheRateAsAFraction(double rate, int numerator, int denominator)
    {
        byte[] control = PngReader.Read(Apng.Encode(Gradient(2, 2, 2, rate))).Chunks.First(chunk => chunk.Type == "fcTL").Data;
        Assert.Equal(numerator, BinaryPrimitives.ReadUInt16BigEndian(control.AsSpan(20)));
        Assert.Equal(denominator, BinaryPrimitives.ReadUInt16BigEndian(control.AsSpan(22)));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void StillComesBackBitForBit(int channels)
    {
        byte[] pixels = ClipTests.Random(1, 9, 4, 1).Pixels[..(9 * 3 * channels)].ToArray();
        PngReader png = PngReader.Read(Apng.EncodeStill(pixels, 9, 3, channels));
        Assert.Equal(channels, png.Channels);
        Assert.Equal(pixels, png.Pixels);
        Assert.DoesNotContain(png.Chunks, chunk => chunk.Type == "acTL");
        Assert.Throws<ArgumentException>(() => Apng.EncodeStill(pixels, 9, 4, channels));
    }

    [Fact]
    public void SmoothPicturesAreSmall()
    {
        VideoClip clip = Gradient(4, 64, 64, 8);
        Assert.InRange(Apng.Encode(clip).Length, 1, clip.Pixels.Length / 8);
    }

    private static uint Number(byte[] data, int offset) => BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(offset));

    private static VideoClip Gradient(int frames, int height, int width, double rate)
    {
        byte[] pixels = new byte[frames * height * width * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            (int x, int y, int frame) = (i / 3 % width, i / 3 / width % height, i / 3 / width / height);
            pixels[i] = (byte)((x * 3) + (y * (i % 3)) + (frame * 11));
        }

        return new VideoClip(pixels, frames, height, width, rate);
    }
}
