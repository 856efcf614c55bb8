using System.Text;
using System.Text.RegularExpressions;
using HaloLab.Notebooks.Displays;
using Microsoft.Data.Analysis;

namespace HaloLab.Notebooks.Tests.Displays;

public class DataFrameTableTests
{
    [Fact]
    public void AFrameIsSortableAndSavedWhole()
    {
        DataFrame frame = new(
            new StringDataFrameColumn("arm", ["HALO", "base, \"plain\"", null!]),
            new DoubleDataFrameColumn("defects", [1.0 / 3, null, 12345.678]),
            new Int32DataFrameColumn("seed", [1, 2, 3]),
            new BooleanDataFrameColumn("tuned", [true, false, null]));
        DataFrameTable table = new(frame, "arms.csv");
        Assert.Equal(
            [
                "arm             defects  seed  tuned",
                "─────────────  ────────  ────  ─────",
                "HALO           0.333333     1  True",
                "base, \"plain\"         –     2  False",
                "–               12345.7     3  –",
            ],
            table.ToText().Split(Environment.NewLine));
        string markup = table.ToHtml().Markup;
        Assert.Contains("<table class=\"halo-table\">", markup, StringComparison.Ordinal);
        Assert.Contains("<td class=\"halo-number\" data-value=\"\">–</td>", markup, StringComparison.Ordinal);
        string csv = Encoding.UTF8.GetString(Convert.FromBase64String(Regex.Match(markup, "download=\"arms.csv\" href=\"data:text/csv;charset=utf-8;base64,([^\"]*)\"").Groups[1].Value));
        Assert.Equal("arm,defects,seed,tuned\r\nHALO,0.3333333333333333,1,True\r\n\"base, \"\"plain\"\"\",,2,False\r\n,12345.678,3,\r\n", csv);
    }

    [Fact]
    public void ALongFrameIsCutInThePage()
    {
        DataFrame frame = new(new Int32DataFrameColumn("n", Enumerable.Range(0, 20_000).Select(n => (int?)n)));
        string markup = new DataFrameTable(frame).ToHtml().Markup;
        Assert.Equal(DataFrameTable.RowsShown + 1, Regex.Count(markup, "<tr>"));
        Assert.Contains("19,800 more rows are not shown; sorting is among those shown.", markup, StringComparison.Ordinal);
        Assert.Contains("20,000 rows", markup, StringComparison.Ordinal);
    }
}
