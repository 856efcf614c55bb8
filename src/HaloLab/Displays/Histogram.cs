using System.Globalization;
using System.Text;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace HaloLab.Displays;

/// <summary>How one or several samples are spread over common bins, as shares of each sample: rewards before and after, defect severities.</summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class Histogram : IDisplay
{
    private const int TextColumns = 40;

    private readonly (string Name, double[] Shares)[] _samples;
    private readonly double[] _edges;

    /// <param name="title">Title, or empty.</param>
    /// <param name="xLabel">What the values are.</param>
    /// <param name="samples">Named samples; values that are not finite are left out.</param>
    /// <param name="bins">Equal bins from the lowest to the highest value, 1 to 200.</param>
    public Histogram(string title, string xLabel, IReadOnlyList<(string Name, IReadOnlyList<double> Values)> samples, int bins = 24)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfZero(samples.Count, nameof(samples));
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bins, 200);
        (Title, XLabel) = (title, xLabel);
        double[] all = [.. samples.SelectMany(sample => sample.Values).Where(double.IsFinite)];
        double lowest = all.Length == 0 ? 0 : all.Min();
        double highest = all.Length == 0 ? 1 : all.Max();
        if (highest <= lowest)
        {
            (lowest, highest) = (lowest - 0.5, lowest + 0.5);
        }

        _edges = [.. Enumerable.Range(0, bins + 1).Select(i => lowest + ((highest - lowest) * i / bins))];
        _samples = [.. samples.Select(sample => (sample.Name, Shares(sample.Values, lowest, highest, bins)))];
    }

    public string Title { get; }

    public string XLabel { get; }

    /// <summary>Drawn as a dashed line (a defect threshold); null: none.</summary>
    public double? Threshold { get; init; }

    /// <summary>Size in CSS pixels.</summary>
    public int Width { get; init; } = 620;

    /// <inheritdoc cref="Width"/>
    public int Height { get; init; } = 240;

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        PlotModel model = ChartTheme.Model(withLegend: _samples.Length > 1);
        model.Axes.Add(ChartTheme.Axis(AxisPosition.Bottom, XLabel, withGrid: false));
        LinearAxis vertical = ChartTheme.Axis(AxisPosition.Left, "share (%)", withGrid: true);
        (vertical.Minimum, vertical.MaximumPadding) = (0, 0.06);
        model.Axes.Add(vertical);
        for (int i = 0; i < _samples.Length; i++)
        {
            // Outlines over faint fills: several samples stay readable where they overlap.
            AreaSeries area = new()
            {
                Title = _samples[i].Name,
                Color = ChartTheme.Series(i),
                Color2 = OxyColors.Transparent,
                Fill = OxyColor.FromAColor(_samples.Length == 1 ? (byte)120 : (byte)50, ChartTheme.Series(i)),
                StrokeThickness = 1.6,
                ConstantY2 = 0,
                MinimumSegmentLength = 0,
            };
            area.Points.Add(new DataPoint(_edges[0], 0));
            for (int bin = 0; bin < _samples[i].Shares.Length; bin++)
            {
                area.Points.Add(new DataPoint(_edges[bin], 100 * _samples[i].Shares[bin]));
                area.Points.Add(new DataPoint(_edges[bin + 1], 100 * _samples[i].Shares[bin]));
            }

            area.Points.Add(new DataPoint(_edges[^1], 0));
            model.Series.Add(area);
        }

        if (Threshold is { } threshold)
        {
            model.Annotations.Add(new LineAnnotation { Type = LineAnnotationType.Vertical, X = threshold, Color = ChartTheme.Soft, LineStyle = LineStyle.Dash });
        }

        return ChartTheme.Export(model, Title, Width, Height);
    }

    /// <inheritdoc/>
    public string ToText()
    {
        StringBuilder text = new($"{Title} ({XLabel})");
        double most = Math.Max(1e-12, _samples.Max(sample => sample.Shares.Max()));
        foreach ((string name, double[] shares) in _samples)
        {
            text.AppendLine().Append("  ").Append(name);
            for (int bin = 0; bin < shares.Length; bin++)
            {
                text.AppendLine().Append(CultureInfo.InvariantCulture, $"  {DisplayNumber.Format(_edges[bin]),9}  {new string('#', (int)Math.Round(shares[bin] / most * TextColumns))} {100 * shares[bin]:0.0} %");
            }
        }

        return text.ToString();
    }

    private static double[] Shares(IReadOnlyList<double> values, double lowest, double highest, int bins)
    {
        double[] shares = new double[bins];
        double[] finite = [.. values.Where(double.IsFinite)];
        foreach (double value in finite)
        {
            shares[Math.Min(bins - 1, (int)((value - lowest) / (highest - lowest) * bins))] += 1.0 / finite.Length;
        }

        return shares;
    }
}
