using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.ToyWorld;

public class ToyRendererTests
{
    [Fact]
    public void SameStreamGivesSameClip()
    {
        ToyCaption caption = ToyCaption.Parse("a red circle moving left and a blue square moving up on a dark background");
        string Hash(long seed) => ToyRenderer.Render(caption, ToyRenderer.DrawLayout(caption, new RandomStream(seed, "layout"))).ContentHash;
        Assert.Equal(Hash(1), Hash(1));
        Assert.NotEqual(Hash(1), Hash(2));
    }

    [Fact]
    public void ObjectsStayInThePictureAndMoveUnmistakably()
    {
        ToyCaption[] captions = [.. ToyCaption.All().Where((_, index) => index % 37 == 0)];
        foreach ((int index, ToyCaption caption) in captions.Index())
        {
            ToyLayout layout = ToyRenderer.DrawLayout(caption, new RandomStream(1, "layout", index));
            foreach ((ToyObject item, ToyPlacement? placement) in caption.Objects.Zip(new[] { layout.First, layout.Second }))
            {
                Assert.InRange(placement!.Speed, 1.2, 2.2);
                for (int t = 0; t < ToyRenderer.Frames; t++)
                {
                    (double x, double y) = ToyRenderer.Centre(item.Direction, placement, t);
                    Assert.InRange(x, placement.Radius * 1.25, ToyRenderer.Size - (placement.Radius * 1.25));
                    Assert.InRange(y, placement.Radius * 1.25, ToyRenderer.Size - (placement.Radius * 1.25));
                }
            }
        }
    }

    [Fact]
    public void CircleHasItsAreaAndCentre()
    {
        ToyCaption caption = ToyCaption.Parse("a yellow circle moving down on a dark background");
        ToyLayout layout = new(new ToyPlacement(16.3, 10.2, 6.0, 1.5), null, FirstInFront: true);
        VideoClip clip = ToyRenderer.Render(caption, layout);
        (double area, double x, double y) = (0, 0, 0);
        ReadOnlySpan<byte> frame = clip.Frame(4);
        for (int i = 0; i < ToyRenderer.Size * ToyRenderer.Size; i++)
        {
            double coverage = (frame[(i * 3) + 1] - 26) / (214.0 - 26);
            (area, x, y) = (area + coverage, x + (coverage * ((i % 32) + 0.5)), y + (coverage * ((i / 32) + 0.5)));
        }

        Assert.Equal(Math.PI * 36, area, 1.5);
        Assert.Equal(16.3, x / area, 0.05);
        Assert.Equal(10.2 + (4 * 1.5), y / area, 0.05);
    }

    [Fact]
    public void FrontObjectCoversTheOther()
    {
        ToyCaption caption = ToyCaption.Parse("a red circle moving left and a blue square moving right on a light background");
        ToyPlacement left = new(20, 16, 5, 1.3);
        ToyPlacement right = new(12, 16, 5, 1.3);
        VideoClip redInFront = ToyRenderer.Render(caption, new ToyLayout(left, right, FirstInFront: true));
        VideoClip blueInFront = ToyRenderer.Render(caption, new ToyLayout(left, right, FirstInFront: false));
        int centre = ((16 * ToyRenderer.Size) + 16) * 3;
        Assert.True(redInFront.Frame(3)[centre] > redInFront.Frame(3)[centre + 2]);
        Assert.True(blueInFront.Frame(3)[centre] < blueInFront.Frame(3)[centre + 2]);
    }
}
