using System.Globalization;
using System.Text;
using HaloLab.Statistics;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace HaloLab.Displays;

/// <summary>Estimates with their intervals, one below the other, against a threshold.</summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class ForestPlot : IDisplay
{
    private const int TextColumns = 41;

    /// <summary>Room left and right of the plot, so that plots below each other line up; longer labels get more.</summary>
    private const double LabelRoom = 260;
    private const double NumberRoom = 180;

    private readonly IReadOnlyList<ForestRow> _rows;

    /// <param name="title">Title, or empty.</param>
    /// <param name="xLabel">The measure with its unit.</param>
    /// <param name="rows">From top to bottom, at least one.</param>
    /// <param name="threshold">Drawn as a dashed line; null: none.</param>
    public ForestPlot(string title, string xLabel, IReadOnlyList<ForestRow> rows, double? threshold = 0)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count, nameof(rows));
        (Title, XLabel, _rows, Threshold) = (title, xLabel, rows, threshold);
    }

    public string Title { get; }

    public string XLabel { get; }

    public double? Threshold { get; }

    /// <summary>Width in CSS pixels.</summary>
    public int Width { get; init; } = 960;

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        PlotModel model = ChartTheme.Model(withLegend: false);
        model.PlotMargins = new OxyThickness(Math.Max(LabelRoom, LongestLabel()), double.NaN, NumberRoom, double.NaN);
        (double lowest, double highest) = Range();
        LinearAxis horizontal = ChartTheme.Axis(AxisPosition.Bottom, XLabel, withGrid: false);
        (horizontal.Minimum, horizontal.Maximum) = (lowest, highest);
        model.Axes.Add(horizontal);
        model.Axes.Add(RowAxis(AxisPosition.Left, "rows", ChartTheme.Ink, row => row.Label));
        model.Axes.Add(RowAxis(AxisPosition.Right, "numbers", ChartTheme.Soft, Numbers));
        if (Threshold is { } threshold)
        {
            model.Annotations.Add(new LineAnnotation { Type = LineAnnotationType.Vertical, X = threshold, YAxisKey = "rows", Color = ChartTheme.Soft, LineStyle = LineStyle.Dash });
        }

        for (int i = 0; i < _rows.Count; i++)
        {
            if (_rows[i].Interval is { } interval)
            {
                AddInterval(model, interval, i, Colour(_rows[i].Verdict), lowest, highest);
            }
        }

        return ChartTheme.Export(model, Title, Width, 64 + (30 * _rows.Count));
    }

    /// <inheritdoc/>
    public string ToText()
    {
        (double lowest, double highest) = Range();
        int width = _rows.Max(row => row.Label.Length);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Title} ({XLabel}{(Threshold is { } threshold ? $"; | is {DisplayNumber.Chosen(threshold)}" : "")})");
        foreach (ForestRow row in _rows)
        {
            text.AppendLine().Append("  ").Append(row.Label.PadRight(width)).Append("  ").Append(TextLine(row, lowest, highest)).Append("  ").Append(Numbers(row));
        }

        return text.ToString();
    }

    private static void AddInterval(PlotModel model, Interval interval, int row, OxyColor colour, double lowest, double highest)
    {
        if (interval.IsDefined)
        {
            LineSeries whisker = new() { Color = colour, StrokeThickness = 2.2, YAxisKey = "rows" };
            whisker.Points.Add(new DataPoint(Math.Max(interval.Low, lowest), row));
            whisker.Points.Add(new DataPoint(Math.Min(interval.High, highest), row));
            model.Series.Add(whisker);
        }

        ScatterSeries point = new() { MarkerType = MarkerType.Square, MarkerFill = colour, MarkerSize = 4.5, YAxisKey = "rows" };
        point.Points.Add(new ScatterPoint(interval.Estimate, row));
        model.Series.Add(point);
    }

    private LinearAxis RowAxis(AxisPosition position, string key, OxyColor colour, Func<ForestRow, string> label)
    {
        LinearAxis axis = ChartTheme.Axis(position, "", withGrid: false);
        axis.Key = key;
        axis.AxislineStyle = LineStyle.None;
        axis.TextColor = colour;
        (axis.Minimum, axis.Maximum, axis.MajorStep) = (-0.6, _rows.Count - 0.4, 1);

        // The first row is the topmost.
        (axis.StartPosition, axis.EndPosition) = (1, 0);
        axis.LabelFormatter = value => value >= 0 && value < _rows.Count ? label(_rows[(int)Math.Round(value)]) : "";
        return axis;
    }

    private double LongestLabel()
    {
        ChartTextMeasurer measurer = new();
        return _rows.Max(row => measurer.MeasureText(row.Label, ChartTheme.Font, ChartTheme.FontSize, FontWeights.Normal).Width) + ChartTheme.FontSize;
    }

    private (double Lowest, double Highest) Range()
    {
        double[] values = [.. _rows
            .Where(row => row.Interval is not null)
            .SelectMany(row => new[] { row.Interval!.Value.Low, row.Interval.Value.Estimate, row.Interval.Value.High })
            .Append(Threshold ?? double.NaN)
            .Where(double.IsFinite)];
        if (values.Length == 0)
        {
            return (-1, 1);
        }

        double span = Math.Max(values.Max() - values.Min(), 1e-9);
        return (values.Min() - (0.06 * span), values.Max() + (0.06 * span));
    }

    private string TextLine(ForestRow row, double lowest, double highest)
    {
        char[] line = new string(' ', TextColumns).ToCharArray();
        if (Threshold is { } threshold)
        {
            line[Column(threshold)] = '|';
        }

        if (row.Interval is { } interval)
        {
            if (interval.IsDefined)
            {
                line.AsSpan(Column(interval.Low), Column(interval.High) - Column(interval.Low) + 1).Fill('-');
            }

            line[Column(interval.Estimate)] = 'o';
        }

        return new string(line);

        int Column(double value) => (int)Math.Round(Math.Clamp((value - lowest) / (highest - lowest), 0, 1) * (TextColumns - 1));
    }

    private static string Numbers(ForestRow row)
    {
        (string estimate, string interval) = DisplayNumber.Estimate(row.Interval);
        return row.Interval is null ? "not run" : $"{estimate} {interval}";
    }

    private static OxyColor Colour(Verdict? verdict) => verdict switch
    {
        Verdict.Shown => ChartTheme.Series(2),
        Verdict.Contradicted => ChartTheme.Series(1),
        null => ChartTheme.Series(0),
        _ => ChartTheme.Soft,
    };
}
