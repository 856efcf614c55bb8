using System.Globalization;
using System.Text;
using HaloLab.Statistics;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace HaloLab.Displays;

/// <summary>
/// Whether probabilities mean what they say: for each bin of predicted probability the share of cases in which it happened, with Wilson's interval, against the diagonal.
/// For a reward model the prediction is σ(r(A) − r(B)) and the outcome is whether people preferred A.
/// </summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class ReliabilityDiagram : IDisplay
{
    private readonly Bin[] _bins;

    /// <param name="title">Title, or empty.</param>
    /// <param name="predicted">Probabilities in [0, 1].</param>
    /// <param name="happened">As many outcomes.</param>
    /// <param name="bins">Equal bins of [0, 1], 2 to 50; empty ones are left out.</param>
    public ReliabilityDiagram(string title, IReadOnlyList<double> predicted, IReadOnlyList<bool> happened, int bins = 10)
    {
        ArgumentNullException.ThrowIfNull(predicted);
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bins, 50);
        if (predicted.Count == 0 || predicted.Count != happened.Count || predicted.Any(value => value is not (>= 0 and <= 1)))
        {
            throw new ArgumentException("Give at least one probability between 0 and 1, and an outcome for each.", nameof(predicted));
        }

        Title = title;
        Count = predicted.Count;
        _bins =
        [
            .. predicted.Zip(happened)
                .GroupBy(pair => Math.Min(bins - 1, (int)(pair.First * bins)))
                .OrderBy(group => group.Key)
                .Select(group => new Bin(group.Average(pair => pair.First), Proportion.Wilson(group.Count(pair => pair.Second), group.Count()), group.Count())),
        ];
        CalibrationError = ErrorOf(_bins);
        BrierScore = CalibrationBins.Brier(predicted, happened);
    }

    /// <param name="title">Title, or empty.</param>
    /// <param name="bins">At least one: mean prediction in [0, 1], share that happened with its interval, number of cases.</param>
    /// <param name="brierScore">Of the cases.</param>
    public ReliabilityDiagram(string title, IReadOnlyList<(double Predicted, Interval Observed, int Count)> bins, double brierScore)
    {
        ArgumentNullException.ThrowIfNull(bins);
        ArgumentOutOfRangeException.ThrowIfZero(bins.Count, nameof(bins));
        Title = title;
        Count = bins.Sum(bin => bin.Count);
        _bins = [.. bins.Select(bin => new Bin(bin.Predicted, bin.Observed, bin.Count))];
        CalibrationError = ErrorOf(_bins);
        BrierScore = brierScore;
    }

    public string Title { get; }

    /// <summary>Number of cases.</summary>
    public int Count { get; }

    /// <summary>Expected calibration error: mean distance of observed share and mean prediction over the bins, weighted by their cases.</summary>
    public double CalibrationError { get; }

    /// <summary>Mean squared distance of prediction and outcome (Brier 1950).</summary>
    public double BrierScore { get; }

    private string Summary => string.Create(CultureInfo.InvariantCulture, $"calibration error {DisplayNumber.Format(CalibrationError)}, Brier score {DisplayNumber.Format(BrierScore)}, {Count:#,0} cases");

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        PlotModel model = ChartTheme.Model(withLegend: false);
        LinearAxis horizontal = ChartTheme.Axis(AxisPosition.Bottom, "predicted probability", withGrid: false);
        LinearAxis vertical = ChartTheme.Axis(AxisPosition.Left, "observed share", withGrid: true);
        foreach (LinearAxis axis in new[] { horizontal, vertical })
        {
            (axis.Minimum, axis.Maximum, axis.MajorStep) = (0, 1, 0.2);
            model.Axes.Add(axis);
        }

        model.Series.Add(Line(ChartTheme.Soft, (0, 0), (1, 1), LineStyle.Dash, 1));
        foreach (Bin bin in _bins)
        {
            model.Series.Add(Line(ChartTheme.Series(0), (bin.Predicted, bin.Observed.Low), (bin.Predicted, bin.Observed.High), LineStyle.Solid, 2));
        }

        // The area of a point shows its share of the cases.
        ScatterSeries points = new() { MarkerType = MarkerType.Circle, MarkerFill = ChartTheme.Series(0) };
        points.Points.AddRange(_bins.Select(bin => new ScatterPoint(bin.Predicted, bin.Observed.Estimate, 3 + (7 * Math.Sqrt((double)bin.Count / Count)))));
        model.Series.Add(points);
        return HtmlFragment.Of($"{ChartTheme.Export(model, Title, 420, 380)}<p class=\"halo-caption\">{Summary}; bars are 95 % intervals, the area of a point is its share of the cases.</p>\n<details><summary>Values</summary>{Table().ToHtml()}</details>\n");
    }

    /// <inheritdoc/>
    public string ToText() => new StringBuilder(Title).Append(Title.Length > 0 ? ": " : "").AppendLine(Summary).Append(Table().ToText()).ToString();

    private static LineSeries Line(OxyColor colour, (double X, double Y) from, (double X, double Y) to, LineStyle style, double thickness)
    {
        LineSeries line = new() { Color = colour, LineStyle = style, StrokeThickness = thickness };
        line.Points.Add(new DataPoint(from.X, from.Y));
        line.Points.Add(new DataPoint(to.X, to.Y));
        return line;
    }

    private static double ErrorOf(Bin[] bins) => bins.Sum(bin => (double)bin.Count / bins.Sum(other => other.Count) * Math.Abs(bin.Observed.Estimate - bin.Predicted));

    private DataTable Table() => new(
        [new("predicted", IsNumber: true, Format: "0.000"), new("observed", IsNumber: true, Format: "0.000"), new("interval", IsNumber: true), new("cases", IsNumber: true, Format: "#,0")],
        [.. _bins.Select(bin => (IReadOnlyList<object?>)[bin.Predicted, bin.Observed.Estimate, DisplayNumber.Estimate(bin.Observed).Interval, bin.Count])]);

    private sealed record Bin(double Predicted, Interval Observed, int Count);
}
