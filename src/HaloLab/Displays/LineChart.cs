using System.Globalization;
using System.Text;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace HaloLab.Displays;

/// <summary>Lines over a common axis, with optional bands: training curves, agreement against number of labels.</summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class LineChart : IDisplay
{
    /// <summary>Longer lines are drawn by the extremes of this many stretches, so that spikes stay visible.</summary>
    private const int Stretches = 400;

    private readonly IReadOnlyList<ChartSeries> _series;

    public LineChart(string title, string xLabel, string yLabel, IReadOnlyList<ChartSeries> series)
    {
        ArgumentNullException.ThrowIfNull(series);
        foreach (ChartSeries line in series)
        {
            line.Check();
        }

        (Title, XLabel, YLabel, _series) = (title, xLabel, yLabel, series);
    }

    public string Title { get; }

    public string XLabel { get; }

    public string YLabel { get; }

    /// <summary>A value to compare with, drawn as a dashed line (ln 2 for a DPO loss); null: none.</summary>
    public double? Reference { get; init; }

    /// <summary>What the reference line says, or empty.</summary>
    public string ReferenceLabel { get; init; } = "";

    /// <summary>Size in CSS pixels.</summary>
    public int Width { get; init; } = 620;

    /// <inheritdoc cref="Width"/>
    public int Height { get; init; } = 280;

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        if (_series.Count == 0)
        {
            return HtmlFragment.Of($"<p class=\"halo-caption\">{Title}: no values</p>\n");
        }

        PlotModel model = ChartTheme.Model(withLegend: _series.Count > 1);
        model.Axes.Add(ChartTheme.Axis(AxisPosition.Bottom, XLabel, withGrid: false));
        LinearAxis vertical = ChartTheme.Axis(AxisPosition.Left, YLabel, withGrid: true);
        (vertical.MinimumPadding, vertical.MaximumPadding) = (0.06, 0.06);
        model.Axes.Add(vertical);
        if (Reference is { } reference)
        {
            model.Annotations.Add(new LineAnnotation { Type = LineAnnotationType.Horizontal, Y = reference, Color = ChartTheme.Soft, TextColor = ChartTheme.Soft, LineStyle = LineStyle.Dash, Text = ReferenceLabel });

            // An invisible point, so that the axis reaches as far as the line.
            LineSeries reach = new() { Color = OxyColors.Transparent };
            reach.Points.Add(new DataPoint(_series.SelectMany(series => series.X).FirstOrDefault(), reference));
            model.Series.Add(reach);
        }

        for (int i = 0; i < _series.Count; i++)
        {
            if (_series[i].Low is not null)
            {
                model.Series.Add(Band(_series[i], i));
            }
        }

        for (int i = 0; i < _series.Count; i++)
        {
            model.Series.Add(Line(_series[i], i));
        }

        return ChartTheme.Export(model, Title, Width, Height);
    }

    /// <inheritdoc/>
    public string ToText()
    {
        if (_series.Count == 0)
        {
            return $"{Title}: no values";
        }

        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Title} ({YLabel} against {XLabel})");
        int width = _series.Max(series => series.Name.Length);
        foreach (ChartSeries series in _series)
        {
            double[] values = [.. series.Y.Where(double.IsFinite)];
            string summary = values.Length == 0 ? "no values" : $"{Sparkline.Text(values)}  first {DisplayNumber.Format(values[0])}, last {DisplayNumber.Format(values[^1])}, lowest {DisplayNumber.Format(values.Min())}, highest {DisplayNumber.Format(values.Max())}";
            text.AppendLine().Append("  ").Append(series.Name.PadRight(width)).Append("  ").Append(summary);
        }

        return text.ToString();
    }

    private static AreaSeries Band(ChartSeries series, int index)
    {
        AreaSeries band = new() { Color = OxyColors.Transparent, Fill = OxyColor.FromAColor(45, ChartTheme.Series(index)), RenderInLegend = false };
        foreach (int i in Shown(series.Y))
        {
            band.Points.Add(new DataPoint(series.X[i], series.Low![i]));
            band.Points2.Add(new DataPoint(series.X[i], series.High![i]));
        }

        return band;
    }

    private static LineSeries Line(ChartSeries series, int index)
    {
        LineSeries line = new() { Title = series.Name, Color = ChartTheme.Series(index), LineStyle = ChartTheme.Dash(index), StrokeThickness = 1.8 };
        if (series.X.Count <= 12)
        {
            (line.MarkerType, line.MarkerSize, line.MarkerFill) = (MarkerType.Circle, 3.5, ChartTheme.Series(index));
        }

        line.Points.AddRange(Shown(series.Y).Select(i => new DataPoint(series.X[i], double.IsFinite(series.Y[i]) ? series.Y[i] : double.NaN)));
        return line;
    }

    /// <summary>Which points are drawn: all, or the lowest and highest of each stretch.</summary>
    private static IEnumerable<int> Shown(IReadOnlyList<double> values)
    {
        if (values.Count <= 2 * Stretches)
        {
            return Enumerable.Range(0, values.Count);
        }

        return Enumerable.Range(0, Stretches).SelectMany(stretch =>
        {
            int start = (int)((long)stretch * values.Count / Stretches);
            int end = (int)((long)(stretch + 1) * values.Count / Stretches);
            IEnumerable<int> places = Enumerable.Range(start, end - start);
            return new[] { places.MinBy(i => values[i]), places.MaxBy(i => values[i]) }.Order().Distinct();
        });
    }
}
