using HaloLab.Distillation;
using HaloLab.Tests.ToyWorld;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.Distillation;

public class ClipPicturesTests
{
    private static readonly PatchGrid Grid = new(4, 4, 4);
    private static readonly VideoClip Clip = ToyClips.Clean(ToyCaption.Parse("a red circle moving left on a dark background"), 1);

    [Theory]
    [InlineData(0, 8, 8, new[] { 0, 1, 2, 3, 4, 5, 6, 7 })]
    [InlineData(0, 8, 4, new[] { 1, 3, 5, 7 })]
    [InlineData(4, 6, 4, new[] { 4, 5 })]
    [InlineData(0, 9, 1, new[] { 4 })]
    public void FramesAreSpreadEvenly(int start, int end, int count, int[] expected) => Assert.Equal(expected, ClipPictures.Spread(start, end, count));

    [Fact]
    public void WholeFramesAreEnlargedPixelForPixel()
    {
        (byte[] pixels, int height, int width) = PngStill.Decode(new ClipPictures(Clip, Grid, new TeacherView()).Frame(3));
        Assert.Equal((512, 512), (height, width));
        for (int i = 0; i < 512 * 512; i++)
        {
            Assert.Equal(Clip.Frame(3)[(((i / 512 / 16) * 32) + (i % 512 / 16)) * 3], pixels[i * 3]);
        }
    }

    [Fact]
    public void CropsShowTheCellOverTimeInReadingOrder()
    {
        // A cell has two frames of 8×8: two tiles side by side, each 31 times as large (254 pixels fit), four pixels apart.
        int cell = Grid.Index(1, 2, 3);
        (byte[] pixels, int height, int width) = PngStill.Decode(new ClipPictures(Clip, Grid, new TeacherView()).Crops(cell));
        Assert.Equal((248, 500), (height, width));
        for (int tile = 0; tile < 2; tile++)
        {
            for (int i = 0; i < 64; i++)
            {
                (int y, int x) = (i / 8, i % 8);
                int shown = (((y * 31) + 15) * width) + (tile * 252) + (x * 31) + 15;
                int source = ((16 + y) * 32) + 24 + x;
                Assert.Equal(Clip.Frame(2 + tile).Slice(source * 3, 3), pixels.AsSpan(shown * 3, 3));
            }
        }
    }

    [Fact]
    public void OverlayLeavesThePixelsBetweenItsLines()
    {
        (byte[] pixels, int height, int width) = PngStill.Decode(new ClipPictures(Clip, Grid, new TeacherView()).Overlay(0));
        Assert.Equal((24 + 480, 24 + 480), (height, width));
        for (int i = 0; i < 32 * 32; i++)
        {
            int shown = ((24 + ((i / 32) * 15) + 7) * width) + 24 + (i % 32 * 15) + 7;
            Assert.Equal(Clip.Frame(0).Slice(i * 3, 3), pixels.AsSpan(shown * 3, 3));
        }

        // The first line of the second row of cells is yellow, its number black on white.
        Assert.Equal([255, 255, 0], pixels.AsSpan((((24 + 120) * width) + 200) * 3, 3).ToArray());
        Assert.Contains(Enumerable.Range(0, 24 * height), i => pixels[((i / 24 * width) + (i % 24)) * 3] == 0);
    }

    [Fact]
    public void LargePicturesAreAveragedByArea()
    {
        // Four rows of three become two rows of one.
        Picture picture = new([.. Enumerable.Range(0, 12).SelectMany(i => new byte[] { (byte)(10 * i), 7, 255 })], 4, 3);
        Picture small = picture.Fit(2);
        Assert.Equal((2, 1), (small.Height, small.Width));
        Assert.Equal([25, 7, 255, 85, 7, 255], small.Pixels);
        Picture square = new([.. Enumerable.Range(0, 9).SelectMany(i => new byte[] { (byte)(9 * i), 0, 0 })], 3, 3);

        // Top left of 2×2: shares 2/3 and 1/3 on both axes of 0, 9, 27, 36.
        Assert.Equal(Math.Round(((4.0 * 0) + (2 * 9) + (2 * 27) + 36) / 9), square.Fit(2).Pixels[0]);
    }

    [Theory]
    [InlineData("black", "black")]
    [InlineData("plain", "plain")]
    [InlineData("still", "frozen")]
    [InlineData("moving", null)]
    public void BlackPlainAndFrozenClipsAreNotWorthAQuestion(string kind, string? expected)
    {
        VideoClip clip = kind switch { "black" => ToyClips.Plain(2), "plain" => ToyClips.Plain(90), "still" => ToyClips.Still(Clip), _ => Clip };
        string? problem = ClipCheck.Problem(clip);
        Assert.True(expected is null ? problem is null : problem!.Contains(expected, StringComparison.Ordinal), problem);
    }

    [Fact]
    public void BrokenPicturesAreRefused()
    {
        byte[] png = Apng.EncodeStill(Clip.Frame(0), 32, 32);
        Assert.Equal(Clip.Frame(0).ToArray(), PngStill.Decode(png).Pixels);
        for (int length = 0; length < png.Length - 12; length += 7)
        {
            Assert.Throws<InputException>(() => PngStill.Decode(png.AsSpan(0, length)));
        }

        Assert.Throws<InputException>(() => PngStill.Decode(png, mostPixels: 1000));
        Assert.Throws<InputException>(() => PngStill.Decode(Apng.EncodeStill(new byte[16], 2, 2, channels: 4)));
    }
}
