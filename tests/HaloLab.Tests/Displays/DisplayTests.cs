using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using HaloLab.Displays;
using HaloLab.Statistics;
using HaloLab.Tests.Videos;
using HaloLab.Videos;

namespace HaloLab.Tests.Displays;

public partial class DisplayTests
{
    private static readonly string Page = DemoPage.Build().ToHtml();

    [Fact]
    public void AChartWithoutALineSaysSo()
    {
        LineChart chart = new("Accuracy of <patches>", "step", "", []);
        Assert.Equal("Accuracy of <patches>: no values", chart.ToText());
        Assert.Contains("Accuracy of &lt;patches&gt;: no values", chart.ToHtml().Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void PageNeedsNothingFromOutside()
    {
        if (Environment.GetEnvironmentVariable("HALOLAB_DEMO_PAGE") is { Length: > 0 } path)
        {
            AtomicFile.WriteAllText(path, Page);
        }

        Assert.DoesNotMatch("https?://|//[a-z]+\\.[a-z]|<link|@import|url\\((?!#)", Page);
        Assert.Contains("default-src 'none'", Page, StringComparison.Ordinal);
        string[] sources = [.. Source().Matches(Page).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(sources);
        Assert.All(sources, source => Assert.StartsWith("data:image/png;base64,", source, StringComparison.Ordinal));
        Assert.Equal(Regex.Count(Page, "<img "), sources.Length);
    }

    [Fact]
    public void TextIsEscapedEverywhere()
    {
        Assert.Equal(1, Regex.Count(Page, "<script"));
        Assert.DoesNotContain("alert('x')", Page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quoted&quot;", Page, StringComparison.Ordinal);
        IDisplay[] hostile =
        [
            new LineChart(DemoPage.Hostile, DemoPage.Hostile, DemoPage.Hostile, [new ChartSeries(DemoPage.Hostile, [0, 1], [0, 1]), new ChartSeries("b", [0, 1], [0, 1])]),
            new ForestPlot(DemoPage.Hostile, DemoPage.Hostile, [new ForestRow(DemoPage.Hostile, null)]),
            new Histogram(DemoPage.Hostile, DemoPage.Hostile, [(DemoPage.Hostile, [1.0, 2]), ("b", [1.0])]),
            new BarChart(DemoPage.Hostile, DemoPage.Hostile, [DemoPage.Hostile], [(DemoPage.Hostile, [1.0]), ("b", [2.0])]),
            new HeatTable(DemoPage.Hostile, new PatchGrid(1, 1, 1), [1], ColourScale.Sequential(0, 1), "'<script>'0"),
            new DataTable([new TableColumn(DemoPage.Hostile)], [[DemoPage.Hostile]]),
            new ClaimsTable([new ClaimRow(DemoPage.Hostile, DemoPage.Hostile, DemoPage.Hostile, null, default, null, Verdict.NotRun, DemoPage.Hostile)]),
            new ClipPlayer([HostileClip()]),
            new ClipComparison(HostileClip(), HostileClip()),
            new PairCards(DemoPage.Pair(DemoPage.Hostile, 1, 0, withClips: true), DemoPage.Pair(DemoPage.Hostile, 1, 0, withClips: false)),
            new ReliabilityDiagram(DemoPage.Hostile, [0.5], [true]),
            new AblationTable(DemoPage.Hostile, [new AblationColumn(DemoPage.Hostile)], [(DemoPage.Hostile, [1.0]), (DemoPage.Hostile, [2.0])]),
            new TensorDisplay(TorchSharp.torch.ones(2), DemoPage.Hostile),
            new MemoryDisplay(null, (DemoPage.Hostile, TorchSharp.torch.ones(2))),
            new TrainingCurves(DemoPage.Hostile, 4),
            new DataTable([new TableColumn(DemoPage.Hostile)], [[DemoPage.Hostile], [null]]) { IsSortable = true, CsvName = DemoPage.Hostile },
        ];
        Assert.All(hostile, display => Assert.DoesNotContain("<script", display.ToHtml().Markup, StringComparison.OrdinalIgnoreCase));
        string page = new HtmlPage(DemoPage.Hostile, DemoPage.Hostile).Add(DemoPage.Hostile).Add(DemoPage.Hostile).ToHtml();
        Assert.Equal(1, Regex.Count(page, "<script"));
    }

    private static PlayerClip HostileClip() => new(DemoPage.Hostile, DemoPage.Clip(2, 4, 4, false), DemoPage.Hostile, new PatchHeat([1], LatticeEdges.Uniform(1, 1, 1), ColourScale.Sequential(0, 1), DemoPage.Hostile));

    [Fact]
    public void FragmentsAreWellFormed()
    {
        foreach (IDisplay display in DemoPage.Displays())
        {
            // Everything but the void elements of HTML is XML, so an unclosed element shows.
            string markup = display.ToHtml().Markup.Replace("<br>", "", StringComparison.Ordinal);
            XElement.Parse($"<div>{Void().Replace(markup, "<$1/>")}</div>");
        }
    }

    [Fact]
    public void IdsAreUniqueAndReferencesResolve()
    {
        string[] ids = [.. Regex.Matches(Page, " id=\"([^\"]+)\"").Select(match => match.Groups[1].Value)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        string[] references = [.. Regex.Matches(Page, "(?:url\\(#|href=\"#)([^)\"]+)").Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.Contains(reference, ids));
    }

    [Fact]
    public void ChartsFollowTheThemeOfThePage()
    {
        string charts = string.Concat(DemoPage.Displays().OfType<LineChart>().Select(chart => chart.ToHtml().Markup));
        Assert.Contains("var(--series1)", charts, StringComparison.Ordinal);
        Assert.Contains("var(--series2)", charts, StringComparison.Ordinal);
        Assert.DoesNotContain("rgb(", charts, StringComparison.Ordinal);
    }

    [Fact]
    public void DivergingColourVanishesAtItsCentre()
    {
        ColourScale scale = ColourScale.Diverging(centre: 2, halfRange: 0.5);
        Assert.Equal(0, scale.Colour(2).Opacity);
        Assert.Equal((-1, 1), (scale.Strength(1.5), scale.Strength(2.5)));
        Assert.Equal((-1, 1), (scale.Strength(-9), scale.Strength(9)));
        Assert.Equal(scale.Colour(1.8).Opacity, scale.Colour(2.2).Opacity);
        Assert.True(scale.Colour(1.5).Red > scale.Colour(1.5).Blue, "low is vermilion");
        Assert.True(scale.Colour(2.5).Blue > scale.Colour(2.5).Red, "high is blue");

        ColourScale sequential = ColourScale.Sequential(0, 4);
        Assert.Equal((0, 0.5, 1), (sequential.Strength(-1), sequential.Strength(2), sequential.Strength(5)));
        ColourScale falling = ColourScale.Below([5, 3, 5, double.NaN], best: 5);
        Assert.Equal((0, 0.5, 1), (falling.Strength(5), falling.Strength(4), falling.Strength(2)));
        Assert.Equal((5, 3), (falling.Neutral, falling.Highest));
        Assert.True(falling.Colour(3).Red > falling.Colour(3).Blue, "worse is vermilion");
        Assert.Equal(4, ColourScale.Below([5, 5], best: 5).Highest);
        Assert.Throws<ArgumentOutOfRangeException>(() => ColourScale.Diverging(0, 0));
    }

    [Fact]
    public void OverlayPaintsEachCellWhereThePixelCellsAre()
    {
        // 3 uneven cells over 8 latent columns of 4 pixels, and time of a compressing VAE: frame 0 | 1 … 8.
        LatentLattice lattice = new(3, 1, 8, 4, 4);
        PatchGrid grid = new(2, 1, 3);
        double[] values = [-1, 0, 1, 1, double.NaN, -1];
        PatchHeat heat = new(values, lattice.Edges(grid), ColourScale.Diverging(0, 1), "reward");
        VideoClip clip = DemoPage.Clip(lattice.PixelFrames, 128, lattice.PixelWidth * 4, damaged: false);
        PngReader[] sheets = [.. Source().Matches(new ClipPlayer([new PlayerClip("a", clip, Heat: heat)]).ToHtml().Markup)
            .Select(match => PngReader.Read(Convert.FromBase64String(match.Groups[1].Value["data:image/png;base64,".Length..])))];
        Assert.Equal(3, sheets.Length);
        PngReader overlay = sheets[1];
        Assert.Equal((3, 4), (sheets[0].Channels, overlay.Channels));
        Assert.Equal((sheets[0].Width, sheets[0].Height), (overlay.Width, overlay.Height));
        foreach ((PixelCell cell, int index) in lattice.PixelCells(grid).Select((cell, index) => (cell, index)))
        {
            for (int frame = cell.FrameStart; frame < cell.FrameEnd; frame++)
            {
                for (int column = cell.ColumnStart * 4; column < cell.ColumnEnd * 4; column++)
                {
                    int at = ((5 * overlay.Width) + (frame * clip.Width) + column) * 4;
                    (byte, byte, byte, byte) painted = (overlay.Pixels[at], overlay.Pixels[at + 1], overlay.Pixels[at + 2], overlay.Pixels[at + 3]);
                    if (double.IsNaN(values[index]))
                    {
                        Assert.Equal(128, painted.Item1);
                    }
                    else
                    {
                        Assert.Equal(heat.Scale.Colour(values[index]), painted);
                    }
                }
            }
        }
    }

    [Fact]
    public void SheetHoldsTheFramesSideBySide()
    {
        VideoClip clip = DemoPage.Clip(5, 6, 4, damaged: false);
        string markup = new ClipPlayer([new PlayerClip("a", clip)]).ToHtml().Markup;
        PngReader sheet = PngReader.Read(Convert.FromBase64String(Source().Match(markup).Groups[1].Value["data:image/png;base64,".Length..]));
        Assert.Equal((6, 20), (sheet.Height, sheet.Width));
        for (int frame = 0; frame < 5; frame++)
        {
            Assert.Equal(clip.Frame(frame)[..12].ToArray(), sheet.Pixels[(frame * 12)..((frame + 1) * 12)]);
        }
    }

    [Fact]
    public void LargeClipsAreShrunkForThePage()
    {
        VideoClip clip = DemoPage.Clip(40, 180, 300, damaged: false);
        string markup = new ClipPlayer([new PlayerClip("a", clip)]).ToHtml().Markup;
        PngReader sheet = PngReader.Read(Convert.FromBase64String(Source().Match(markup).Groups[1].Value["data:image/png;base64,".Length..]));
        Assert.InRange((long)sheet.Width * sheet.Height, 1, ClipPlayer.MaximumPixels);
        Assert.Contains($"data-frames=\"{ClipPlayer.MaximumFrames}\"", markup, StringComparison.Ordinal);
        Assert.InRange((double)sheet.Width / ClipPlayer.MaximumFrames / sheet.Height, 300.0 / 180 * 0.97, 300.0 / 180 * 1.03);
        DataTable rows = new([new TableColumn("n")], [.. Enumerable.Range(0, DataTable.MaximumRows + 7).Select(i => new object?[] { i })]);
        Assert.Contains("7 more rows", rows.ToHtml().Markup, StringComparison.Ordinal);
        double[] spiky = [.. Enumerable.Range(0, 50_000).Select(i => i == 33_333 ? 9.0 : 0)];
        string chart = new LineChart("", "x", "y", [new ChartSeries("a", [.. spiky.Select((_, i) => (double)i)], spiky)]).ToHtml().Markup;
        Assert.InRange(chart.Length, 1, 60_000);
        string line = Regex.Match(chart, "points=\"([^\"]*)\"[^>]*series1").Groups[1].Value;
        double[] heights = [.. line.Split(' ').Select(point => double.Parse(point.Split(',')[1], CultureInfo.InvariantCulture))];
        Assert.InRange(heights.Max() - heights.Min(), 150, 280);
    }

    [Theory]
    [InlineData(null, "–")]
    [InlineData(double.NaN, "–")]
    [InlineData(0.0, "0")]
    [InlineData(-0.0123, "−0.0123")]
    [InlineData(0.5, "0.500")]
    [InlineData(12.345, "12.3")]
    [InlineData(123456.0, "123456")]
    [InlineData(-1e-9, "−1e-9")]
    [InlineData(double.NegativeInfinity, "−∞")]
    public void NumbersAreWrittenForPeople(double? value, string expected) => Assert.Equal(expected, DisplayNumber.Format(value));

    [Theory]
    [InlineData(-1.81, -2.6, -0.95, "−1.8", "[−2.6, −0.9]")]
    [InlineData(0.031, -0.004, 0.066, "0.031", "[−0.004, 0.066]")]
    [InlineData(-0.004, -0.2, 0.21, "0.00", "[−0.20, 0.21]")]
    [InlineData(1234, 900, 1600, "1234", "[900, 1600]")]
    [InlineData(0.5, double.NaN, double.NaN, "0.500", "–")]
    public void EstimateAndIntervalShareTheirDecimals(double estimate, double low, double high, string expected, string bounds) =>
        Assert.Equal((expected, bounds), DisplayNumber.Estimate(new Interval(estimate, low, high, 0.95)));

    [Fact]
    public void TextFormsSayTheSame()
    {
        Assert.All(DemoPage.Displays(), display => Assert.DoesNotContain("<span", display.ToText(), StringComparison.Ordinal));
        string forest = new ForestPlot("effects", "points", [new ForestRow("one", new Interval(2, 1, 3, 0.95)), new ForestRow("three", null)]).ToText();
        string[] lines = forest.Split(Environment.NewLine);
        Assert.Equal("effects (points; | is 0)", lines[0]);
        Assert.Matches(@"^  one      \|\s+-+o-+\s+2\.0 \[1\.0, 3\.0\]$", lines[1]);
        Assert.EndsWith("not run", lines[2], StringComparison.Ordinal);

        string table = new DataTable([new TableColumn("name"), new TableColumn("value", true)], [["a", 1.5], [HtmlFragment.Of($"<b>{"<b>"}</b>"), null]]).ToText();
        Assert.Equal(["name  value", "────  ─────", "a      1.50", "<b>       –"], table.Split(Environment.NewLine));

        string line = new LineChart("loss", "step", "y", [new ChartSeries("a", [0, 1, 2], [1, 2, 3])]).ToText();
        Assert.Contains("▁▅█", line, StringComparison.Ordinal);
        string map = new HeatTable("map", new PatchGrid(2, 1, 2), [1, 2, double.NaN, 4], ColourScale.Sequential(0, 4), "0.0").ToText();
        Assert.Equal(["map", "time 1 of 2", "  1.0  2.0", "time 2 of 2", "    –  4.0"], map.Split(Environment.NewLine));
    }

    [Fact]
    public void ALegendIsWrittenAsTheValuesAre()
    {
        string map = new HeatTable("map", new PatchGrid(1, 1, 2), [0, 1.0 / 6], ColourScale.Sequential(0, 1.0 / 6), "0 %").ToHtml().ToString();
        Assert.Contains("<span>0 %</span><span>17 %</span>", map, StringComparison.Ordinal);
    }

    [Fact]
    public void NumbersDoNotDependOnTheCulture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = ",", NegativeSign = "~" } };
            Assert.Equal(Page, DemoPage.Build().ToHtml());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void LinksStayBesideThePage()
    {
        Assert.Equal("<a href=\"data/claims%201.json\">data/claims 1.json</a>", HtmlFragment.Link("data/claims 1.json").Markup);
        Assert.DoesNotContain("javascript:", HtmlFragment.Link("javascript:alert(1)").Markup.Split('>')[0], StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => HtmlFragment.Link("../up"));
        Assert.Throws<ArgumentException>(() => HtmlFragment.Link("/root"));
    }

    [GeneratedRegex("<img [^>]*src=\"([^\"]*)\"")]
    private static partial Regex Source();

    [GeneratedRegex("<((?:img|input|br)\\b[^>]*?)/?>")]
    private static partial Regex Void();
}
