using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;

namespace HaloLab.Displays;

/// <summary>
/// One look for all charts. OxyPlot draws with fixed colours, so every role gets a marker colour, and the exported SVG has those replaced by
/// the page's variables: one chart then follows light and dark.
/// </summary>
internal static partial class ChartTheme
{
    public static readonly OxyColor Ink = OxyColor.FromRgb(1, 0, 1);
    public static readonly OxyColor Soft = OxyColor.FromRgb(2, 0, 2);
    public static readonly OxyColor Line = OxyColor.FromRgb(3, 0, 3);
    public static readonly OxyColor Grid = OxyColor.FromRgb(4, 0, 4);
    public const string Font = "system-ui, sans-serif";
    public const double FontSize = 12;
    private const int SeriesColours = 6;

    private static readonly string[] Roles = ["--ink", "--soft", "--line", "--grid", .. Enumerable.Range(1, SeriesColours).Select(i => $"--series{i}")];

    /// <summary>The colour of the i-th series; after six they repeat, told apart by their dashes.</summary>
    public static OxyColor Series(int index) => OxyColor.FromRgb((byte)(5 + (index % SeriesColours)), 0, (byte)(5 + (index % SeriesColours)));

    public static LineStyle Dash(int index) => (index / SeriesColours % 3) switch { 0 => LineStyle.Solid, 1 => LineStyle.Dash, _ => LineStyle.Dot };

    public static PlotModel Model(bool withLegend)
    {
        PlotModel model = new()
        {
            Background = OxyColors.Transparent,
            PlotAreaBorderThickness = new OxyThickness(0),
            DefaultFont = Font,
            DefaultFontSize = FontSize,
            TextColor = Ink,
            Padding = new OxyThickness(4, 8, 16, 4),
            Culture = CultureInfo.InvariantCulture,
        };
        if (withLegend)
        {
            model.Legends.Add(new Legend
            {
                LegendPosition = LegendPosition.TopLeft,
                LegendPlacement = LegendPlacement.Outside,
                LegendOrientation = LegendOrientation.Horizontal,
                LegendTextColor = Ink,
                LegendFontSize = FontSize,
                LegendPadding = 2,
                LegendMargin = 2,
                LegendSymbolLength = 22,
            });
        }

        return model;
    }

    public static LinearAxis Axis(AxisPosition position, string title, bool withGrid) =>
        Styled(new LinearAxis { LabelFormatter = value => DisplayNumber.Format(value, "g6") }, position, title, withGrid);

    public static T Styled<T>(T axis, AxisPosition position, string title, bool withGrid)
        where T : Axis
    {
        axis.Position = position;
        axis.Title = title.Length > 0 ? title : null;
        axis.TickStyle = TickStyle.None;
        axis.AxisTitleDistance = 8;
        axis.TextColor = Soft;
        axis.TitleColor = Soft;
        axis.AxislineStyle = withGrid ? LineStyle.None : LineStyle.Solid;
        axis.AxislineColor = Line;
        axis.MajorGridlineStyle = withGrid ? LineStyle.Solid : LineStyle.None;
        axis.MajorGridlineColor = Grid;
        return axis;
    }

    /// <summary>The chart as a figure with inline SVG.</summary>
    public static HtmlFragment Export(PlotModel model, string title, double width, double height)
    {
        string svg = new SvgExporter { Width = width, Height = height, IsDocument = false, TextMeasurer = new ChartTextMeasurer() }.ExportToString(model);
        svg = svg[svg.IndexOf("<svg", StringComparison.Ordinal)..];

        // Clip paths are named anew in every export; on a page the names must differ.
        string unique = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(title + svg)))[..10];
        svg = svg.Replace("clipPath", "clipPath-" + unique + "-", StringComparison.Ordinal)
            .Replace($"<clipPath-{unique}-", "<clipPath", StringComparison.Ordinal)
            .Replace($"</clipPath-{unique}-", "</clipPath", StringComparison.Ordinal);
        svg = MarkerColour().Replace(svg, match => $"var({Roles[int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) - 1]})");
        string opening = string.Create(CultureInfo.InvariantCulture, $"<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">");
        svg = opening + svg[(svg.IndexOf('>', StringComparison.Ordinal) + 1)..];
        HtmlFragment caption = title.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<figcaption>{title}</figcaption>");
        return HtmlFragment.Of($"<figure class=\"halo-chart\">{caption}{HtmlFragment.Trusted(svg.TrimEnd())}</figure>\n");
    }

    [GeneratedRegex(@"rgb\((\d+),0,\1\)")]
    private static partial Regex MarkerColour();
}
