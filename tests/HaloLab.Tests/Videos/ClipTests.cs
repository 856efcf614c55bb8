using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Videos;

public class ClipTests
{
    [Theory]
    [InlineData(PixelRange.MinusOneToOne, -1, 1)]
    [InlineData(PixelRange.ZeroToOne, 0, 1)]
    public void EveryByteSurvivesTheTensor(PixelRange range, float lowest, float highest)
    {
        using var scope = NewDisposeScope();
        byte[] pixels = [.. Enumerable.Range(0, 3 * 4 * 8 * 8).Select(i => (byte)i)];
        VideoClip clip = new(pixels, 4, 8, 8, 12);
        Tensor tensor_CTHW = clip.ToTensor(range);
        Assert.Equal([3, 4, 8, 8], tensor_CTHW.shape);
        Assert.Equal(lowest, tensor_CTHW.min().item<float>());
        Assert.Equal(highest, tensor_CTHW.max().item<float>());
        Assert.Equal(clip.ContentHash, tensor_CTHW.ToClip(12, range).ContentHash);
    }

    [Fact]
    public void ChannelsComeFirstAndRedFirst()
    {
        using var scope = NewDisposeScope();
        VideoClip clip = new([255, 0, 0, 0, 255, 0], 1, 1, 2, 1);
        TensorAssert.Close(tensor(new float[] { 1, 0, 0, 1, 0, 0 }).reshape(3, 1, 1, 2), clip.ToTensor(PixelRange.ZeroToOne), 0);
    }

    [Fact]
    public void ValuesOutsideAreClampedAndNaNIsRefused()
    {
        using var scope = NewDisposeScope();
        Tensor values = tensor(new float[] { -3, 0, 7 }).reshape(3, 1, 1, 1);
        Assert.Equal([0, 128, 255], values.ToClip(1).Pixels.ToArray());
        Assert.Equal([0, 128, 255], stack([zeros_like(values), values]).ToClips(1)[1].Pixels.ToArray());
        Assert.Throws<ArgumentException>(() => values.mul(float.NaN).ToClip(1));
        Assert.Throws<ArgumentException>(() => zeros(1, 2, 3).ToClip(1));
    }

    [Fact]
    public void KeepingSpeedPicksTheFrameOnScreenInTheMiddle()
    {
        // 24 → 8 frames per second: the middle frame of every three.
        Assert.Equal([1, 4, 7, 10], FrameNumbers(ClipResampler.KeepSpeed(Numbered(24, 24), 4, 1, 1, 8)));
        Assert.Equal([0, 0, 1, 1], FrameNumbers(ClipResampler.KeepSpeed(Numbered(2, 4), 4, 1, 1, 8)));
        Assert.Equal([0, 1, 2], FrameNumbers(ClipResampler.KeepSpeed(Numbered(3, 8), 3, 1, 1, 8)));
        Assert.Throws<InputException>(() => ClipResampler.KeepSpeed(Numbered(10, 10), 16, 1, 1, 8));
    }

    [Fact]
    public void WholeClipLastsAsLong()
    {
        VideoClip result = ClipResampler.WholeClip(Numbered(10, 5), 4, 1, 1);
        Assert.Equal([1, 3, 6, 8], FrameNumbers(result));
        Assert.Equal(2, result.FramesPerSecond);
    }

    [Fact]
    public void ShrinkingIsTheAreaMeanAndGrowingIsLinear()
    {
        VideoClip clip = Grey(1, 2, 4, [0, 100, 200, 40, 20, 80, 100, 60]);
        Assert.Equal([50, 100], Greys(ClipResampler.Resize(clip, 1, 2)));

        // 3 → 2: each target covers one and a half source columns.
        Assert.Equal([(byte)((30 + (0.5 * 60)) / 1.5), (byte)(((0.5 * 60) + 90) / 1.5)], Greys(ClipResampler.Resize(Grey(1, 1, 3, [30, 60, 90]), 1, 2)));

        // 2 → 4: centres at −¼, ¼, ¾, 1¼ of the source, held at the ends.
        Assert.Equal([0, 25, 75, 100], Greys(ClipResampler.Resize(Grey(1, 1, 2, [0, 100]), 1, 4)));
        Assert.Equal(clip.ContentHash, ClipResampler.Resize(clip, 2, 4).ContentHash);
    }

    internal static VideoClip Random(int frames, int height, int width, double framesPerSecond, string seed = "clip")
    {
        byte[] pixels = new byte[frames * height * width * 3];
        new RandomStream(7, seed).NextBytes(pixels);
        return new VideoClip(pixels, frames, height, width, framesPerSecond);
    }

    private static VideoClip Grey(int frames, int height, int width, byte[] values) => new([.. values.SelectMany(value => new[] { value, value, value })], frames, height, width, 1);

    private static byte[] Greys(VideoClip clip) => [.. clip.Pixels.ToArray().Where((_, i) => i % 3 == 0)];

    private static VideoClip Numbered(int frames, double framesPerSecond) =>
        new([.. Enumerable.Range(0, frames).SelectMany(i => new[] { (byte)i, (byte)i, (byte)i })], frames, 1, 1, framesPerSecond);

    private static int[] FrameNumbers(VideoClip clip) => [.. Greys(clip).Select(value => (int)value)];
}
