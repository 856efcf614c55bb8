using System.Text;
using System.Text.RegularExpressions;
using HaloLab.Displays;
using HaloLab.Videos;

namespace HaloLab.Tests.Displays;

public class TableDisplayTests
{
    [Fact]
    public void TablesAreSavedWithAllRowsInFull()
    {
        DataTable table = new(
            [new TableColumn("name"), new TableColumn("value", IsNumber: true)],
            [["a, \"b\"", 1.0 / 3], ["two\nlines", null], [HtmlFragment.Of($"<b>{"<"}</b>"), double.NaN]])
        { CsvName = "t.csv", RowsShown = 1 };
        const string Expected = "name,value\r\n\"a, \"\"b\"\"\",0.3333333333333333\r\n\"two\nlines\",\r\n<,\r\n";
        Assert.Equal(Expected, table.ToCsv());
        Match link = Regex.Match(table.ToHtml().Markup, "<a download=\"t.csv\" href=\"data:text/csv;charset=utf-8;base64,([^\"]*)\">Save as CSV</a> <span>3 rows</span>");
        Assert.Equal(Expected, Encoding.UTF8.GetString(Convert.FromBase64String(link.Groups[1].Value)));
        Assert.Contains("2 more rows are not shown.", table.ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void ALongFileIsCutAndSaysSo()
    {
        string text = new('x', 1000);
        DataTable table = new([new TableColumn("text")], [.. Enumerable.Range(0, 6000).Select(_ => new object?[] { text })]) { CsvName = "t.csv", RowsShown = 3 };
        string markup = table.ToHtml().Markup;
        Assert.Matches(@"the first 3,9\d\d of 6,000 rows", markup);
        Assert.InRange(markup.Length, 5_000_000, 6_000_000);
        Assert.Equal(6001, Regex.Count(table.ToCsv(), "\r\n"));
    }

    [Fact]
    public void AFineGridIsCutAfterItsFirstLayers()
    {
        PatchGrid grid = new(50, 30, 40);
        HeatTable table = new("fine", grid, [.. Enumerable.Repeat(0.5, grid.Count)], ColourScale.Sequential(0, 1));
        string markup = table.ToHtml().Markup;
        Assert.Equal(5 * 30 * 40, Regex.Count(markup, "<rect "));
        Assert.Contains("45 more times are not shown.", markup, StringComparison.Ordinal);
        Assert.EndsWith("45 more times are not shown.", table.ToText(), StringComparison.Ordinal);
        Assert.InRange(markup.Length, 1, 2_000_000);
    }

    [Fact]
    public void AblationsAreColouredByWhetherTheyAreBetter()
    {
        AblationTable table = new(
            "t",
            [new AblationColumn("agreement"), new AblationColumn("defects", HigherIsBetter: false)],
            [("HALO", [0.7, 6]), ("better", [0.8, 5]), ("worse", [0.5, 10]), ("not run", [null, 6])]);
        string[] cells = [.. Regex.Matches(table.ToHtml().Markup, "<td class=\"([^\"]*)\"(?: style=\"--strength:([^\"]*)\")?").Select(match => $"{match.Groups[1].Value.Replace("halo-number halo-shade", "", StringComparison.Ordinal).Trim()} {match.Groups[2].Value}".Trim())];
        Assert.Equal(["", "", "halo-high 0.5", "halo-high 0.25", "halo-low 1", "halo-low 1", "", "halo-low 0"], cells);
        string[] lines = table.ToText().Split(Environment.NewLine);
        Assert.Equal("t", lines[0]);
        Assert.EndsWith("0.800 (+0.1)  5.00 (−1)", lines[4], StringComparison.Ordinal);
        Assert.EndsWith("–  6.00 (0)", Regex.Replace(lines[6], " {3,}", "  "), StringComparison.Ordinal);
    }

    [Fact]
    public void CalibrationErrorAndBrierScoreByHand()
    {
        // Bins of 0.1: at 0.1 none of 2 happened (distance 0.1), at 0.9 one of 2 (distance 0.4).
        ReliabilityDiagram diagram = new("", [0.1, 0.1, 0.9, 0.9], [false, false, true, false]);
        Assert.Equal(0.25, diagram.CalibrationError, 12);
        Assert.Equal((0.01 + 0.01 + 0.01 + 0.81) / 4, diagram.BrierScore, 12);
        Assert.Equal(4, diagram.Count);
        string[] lines = diagram.ToText().Split(Environment.NewLine);
        Assert.Equal("calibration error 0.250, Brier score 0.210, 4 cases", lines[0]);
        Assert.Equal(5, lines.Length);
        Assert.Matches(@"^ +0\.900 +0\.500 +\[0\.09, 0\.91\] +2$", lines[4]);
        Assert.Equal(0, new ReliabilityDiagram("", [1, 0], [true, false]).CalibrationError);
        Assert.Throws<ArgumentException>(() => new ReliabilityDiagram("", [1.1], [true]));
        Assert.Throws<ArgumentException>(() => new ReliabilityDiagram("", [], []));
    }

    [Fact]
    public void EveryDisplayIsFoundByConvention()
    {
        Type[] displays = [.. typeof(IDisplay).Assembly.GetExportedTypes().Where(type => type.IsClass && typeof(IDisplay).IsAssignableFrom(type))];
        Assert.InRange(displays.Length, 15, 100);
        foreach (Type type in displays.Append(typeof(HaloLab.Videos.VideoClip)).Append(typeof(HaloLab.Preferences.PreferencePair)).Append(typeof(HaloLab.Preferences.PairSet)).Append(typeof(HaloLab.Preferences.PatchRewards)))
        {
            object attribute = Assert.Single(type.GetCustomAttributes(inherit: false), attribute => attribute.GetType().Name == "TypeFormatterSourceAttribute");
            Type source = (Type)attribute.GetType().GetProperty("FormatterSourceType")!.GetValue(attribute)!;
            Assert.NotNull(source.GetMethod("CreateTypeFormatters", Type.EmptyTypes));
        }
    }

    [Fact]
    public void DurationsAreWrittenForPeople() =>
        Assert.Equal(["0 s", "59 s", "1 min 05 s", "2 h 03 min"], new[] { -3.0, 59.4, 65, 7380 }.Select(seconds => DisplayNumber.Duration(seconds)).ToArray());
}
