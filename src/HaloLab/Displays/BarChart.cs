using System.Globalization;
using System.Text;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace HaloLab.Displays;

/// <summary>One horizontal bar per category and series: metrics of several arms.</summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class BarChart : IDisplay
{
    private const int TextColumns = 40;

    private readonly IReadOnlyList<string> _categories;
    private readonly IReadOnlyList<(string Name, IReadOnlyList<double> Values)> _series;

    /// <param name="title">Title, or empty.</param>
    /// <param name="xLabel">What the bars measure.</param>
    /// <param name="categories">From top to bottom.</param>
    /// <param name="series">One value per category each; NaN draws no bar.</param>
    public BarChart(string title, string xLabel, IReadOnlyList<string> categories, IReadOnlyList<(string Name, IReadOnlyList<double> Values)> series)
    {
        ArgumentNullException.ThrowIfNull(categories);
        ArgumentNullException.ThrowIfNull(series);
        if (categories.Count == 0 || series.Count == 0 || series.Any(item => item.Values.Count != categories.Count))
        {
            throw new ArgumentException("Give at least one category and one series, with one value per category.", nameof(series));
        }

        (Title, XLabel, _categories, _series) = (title, xLabel, categories, series);
    }

    public string Title { get; }

    public string XLabel { get; }

    /// <summary>Width in CSS pixels.</summary>
    public int Width { get; init; } = 620;

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        PlotModel model = ChartTheme.Model(withLegend: _series.Count > 1);
        CategoryAxis rows = ChartTheme.Styled(new CategoryAxis(), AxisPosition.Left, "", withGrid: false);
        rows.Labels.AddRange(_categories);
        rows.TextColor = ChartTheme.Ink;
        rows.GapWidth = 0.5;
        (rows.StartPosition, rows.EndPosition) = (1, 0);
        model.Axes.Add(rows);
        LinearAxis horizontal = ChartTheme.Axis(AxisPosition.Bottom, XLabel, withGrid: true);
        horizontal.MaximumPadding = 0.1;
        model.Axes.Add(horizontal);
        for (int i = 0; i < _series.Count; i++)
        {
            BarSeries bars = new() { Title = _series[i].Name, FillColor = ChartTheme.Series(i), StrokeThickness = 0 };
            bars.Items.AddRange(_series[i].Values.Select((value, category) => new BarItem(double.IsFinite(value) ? value : 0, category)));
            model.Series.Add(bars);
        }

        return ChartTheme.Export(model, Title, Width, 70 + (_categories.Count * (12 + (16 * _series.Count))));
    }

    /// <inheritdoc/>
    public string ToText()
    {
        StringBuilder text = new($"{Title} ({XLabel})");
        int categoryWidth = _categories.Max(category => category.Length);
        int nameWidth = _series.Max(series => series.Name.Length);
        double most = _series.SelectMany(series => series.Values).Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty(1).Max();
        for (int category = 0; category < _categories.Count; category++)
        {
            foreach ((string name, IReadOnlyList<double> values) in _series)
            {
                double value = values[category];
                string bar = new(value < 0 ? '-' : '#', double.IsFinite(value) && most > 0 ? (int)Math.Round(Math.Abs(value) / most * TextColumns) : 0);
                text.AppendLine().Append(CultureInfo.InvariantCulture, $"  {_categories[category].PadRight(categoryWidth)}  {name.PadRight(nameWidth)}  {bar} {DisplayNumber.Format(value)}");
            }
        }

        return text.ToString();
    }
}
