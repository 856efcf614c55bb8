using System.Text.RegularExpressions;
using HaloLab.Displays;
using HaloLab.Preferences;
using HaloLab.Statistics;
using HaloLab.Tests.Videos;
using HaloLab.Videos;

namespace HaloLab.Tests.Displays;

public partial class ClipDisplayTests
{
    [Fact]
    public void PosterIsTheMiddleFrameWithItsHeatMap()
    {
        VideoClip clip = DemoPage.Clip(4, 8, 8, damaged: false);

        // Two layers of time, two columns: the middle frame lies in the second layer, whose left half is at full vermilion.
        PatchHeat heat = new([0, 0, -1, 0], LatticeEdges.Uniform(2, 1, 2), ColourScale.Diverging(0, 1), "reward");
        string markup = new ClipPlayer([new PlayerClip("a", clip, Heat: heat)]).ToHtml().Markup;
        PngReader poster = Pictures(markup)[^1];
        Assert.Equal((8, 8, 3), (poster.Width, poster.Height, poster.Channels));
        Assert.Matches("<img class=\"halo-poster\" width=\"224\"", markup);
        ReadOnlySpan<byte> frame = clip.Frame(2);
        double opacity = 0.65 * 230 / 255;
        Assert.Equal((byte)Math.Round((frame[0] * (1 - opacity)) + (213 * opacity)), poster.Pixels[0]);
        Assert.Equal(frame[7 * 3], poster.Pixels[7 * 3]);

        // Without style and script the screen is hidden and the poster is not.
        Assert.Matches("<div class=\"halo-screen[^\"]*\" hidden=\"\"", markup);
        Assert.DoesNotMatch("halo-poster\"[^>]* hidden", markup);
    }

    [Fact]
    public void ManyLargeClipsKeepToOnePagesSize()
    {
        RandomStream noise = new(3, "noise");
        byte[] pixels = new byte[24 * 90 * 120 * 3];
        noise.NextBytes(pixels);
        VideoClip clip = new(pixels, 24, 90, 120, 8);
        PlayerClip[] clips = [.. Enumerable.Range(0, ClipPlayer.MaximumClips + 3).Select(i => new PlayerClip($"clip {i}", clip))];
        string markup = new ClipPlayer(clips).ToHtml().Markup;
        PngReader[] sheets = [.. Pictures(markup).Where(picture => picture.Width > picture.Height)];
        Assert.InRange(sheets.Sum(sheet => (long)sheet.Width * sheet.Height), ClipPlayer.MaximumPixelsTogether / 2, ClipPlayer.MaximumPixelsTogether * 1.1);
        Assert.Equal(ClipPlayer.MaximumClips, Regex.Count(markup, "class=\"halo-clip\""));
        Assert.Contains("3 more clips are not shown.", markup, StringComparison.Ordinal);
        Assert.InRange(markup.Length, 1, 20_000_000);
    }

    [Fact]
    public void ComparedClipsMustHaveOneShape()
    {
        VideoClip small = DemoPage.Clip(2, 8, 8, false);
        ArgumentException exception = Assert.Throws<ArgumentException>(() => new ClipComparison(small, DemoPage.Clip(2, 8, 16, false)));
        Assert.Contains("'before' is 8x8 and 'after' 8x16", exception.Message, StringComparison.Ordinal);
        Assert.Equal(2, new ClipComparison(small, DemoPage.Clip(4, 16, 16, false)).ToText().Split(Environment.NewLine).Length);
    }

    [Fact]
    public void RewardsAroundZeroAreBlueAboveAndVermilionBelow()
    {
        PatchHeat heat = PatchHeat.Of(new PatchRewards(new PatchGrid(1, 1, 4), [-2, 0, 1, null]), new LatentLattice(1, 2, 8, 4));
        Assert.Equal((0, -2, 2), (heat.Scale.Neutral, heat.Scale.Lowest, heat.Scale.Highest));
        Assert.True(heat.Scale.IsDiverging);
        Assert.Equal((-1, 0, 0.5), (heat.Scale.Strength(heat.Values[0]), heat.Scale.Strength(heat.Values[1]), heat.Scale.Strength(heat.Values[2])));
        Assert.True(double.IsNaN(heat.Values[3]));
        Assert.Equal([0, 0.25, 0.5, 0.75, 1], heat.Edges.Width);

        // One outlier in a hundred does not pale the rest.
        Assert.Equal(1, ColourScale.AroundZero([.. Enumerable.Repeat(1.0, 99), -50]).Highest);
        Assert.Equal(1, ColourScale.AroundZero([0, double.NaN]).Highest);
    }

    [Theory]
    [InlineData(0.7, 0.3, 0.1, "A is better as a whole: 0.700 against 0.300")]
    [InlineData(0.3, 0.7, 0.1, "B is better as a whole: 0.300 against 0.700")]
    [InlineData(0.5, 0.4, 0.2, "tied as a whole: 0.500 against 0.400")]
    public void CardsSayWhoIsBetter(double a, double b, double tie, string expected) =>
        Assert.Contains(expected, new PairCards(DemoPage.Pair("p", a, b, withClips: false)) { TieVideo = tie }.ToText(), StringComparison.Ordinal);

    [Fact]
    public void CardsCountThePlacesAndTellWhereTheyContradict()
    {
        PreferencePair pair = new(
            "a cat",
            new Candidate("a", 1, new PatchRewards(new PatchGrid(1, 1, 5), [3, 0, 0, 0.05, 9])),
            new Candidate("b", 0, new PatchRewards(new PatchGrid(1, 1, 5), [0, 1, 1, 0, null])),
            "test");
        PairCards cards = new(new PairCard(pair)) { TiePatch = 0.1 };
        Assert.Contains("of the patches A is better at 1, B at 2, 1 tied, 1 without reward", cards.ToText(), StringComparison.Ordinal);
        Assert.Contains("data-verdict=\"a contrary\"", cards.ToHtml().Markup, StringComparison.Ordinal);
        Assert.Contains("3.00  −1.00  −1.00  0.0500", Regex.Replace(cards.ToText(), " +", "  "), StringComparison.Ordinal);

        PairCards without = new(new PairCard(new PreferencePair("a cat", new Candidate("a", 1), new Candidate("b", 0), "test")));
        Assert.Contains("no patch rewards", without.ToText(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new PairCards(new PairCard(pair, DemoPage.Clip(1, 4, 4, false))));
    }

    [Fact]
    public void EachClipOfACardShowsWhereItWins()
    {
        string markup = new PairCards(DemoPage.Pair("p", 1, 0, withClips: true)).ToHtml().Markup;
        string[] values = [.. Regex.Matches(markup, "data-values=\"([^\"]*)\"").Select(match => match.Groups[1].Value)];
        Assert.Equal(2, values.Length);
        double[][] numbers = [.. values.Select(list => list.Split(' ').Select(double.Parse).ToArray())];
        double[] expected = [.. DemoPage.Heat(0, missing: true).Values.Zip(DemoPage.Heat(1, missing: true).Values, (own, other) => own - other)];
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], numbers[0][i], 5);
            Assert.Equal(-expected[i], numbers[1][i], 5);
        }
    }

    private static PngReader[] Pictures(string markup) => [.. Source().Matches(markup).Select(match => PngReader.Read(Convert.FromBase64String(match.Groups[1].Value)))];

    [GeneratedRegex("src=\"data:image/png;base64,([^\"]*)\"")]
    private static partial Regex Source();
}
