using System.Globalization;
using System.Text;
using HaloLab.Videos;

namespace HaloLab.Displays;

/// <summary>One number per cell of a patch grid, as one small picture per time layer: the defect map (share of clips defective at each place).</summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class HeatTable : IDisplay
{
    /// <summary>Cells that are drawn; of a finer grid the first layers are, at least one, and the rest is said to be missing.</summary>
    public const int MaximumCells = 6000;

    private readonly string _label;
    private readonly IReadOnlyList<double> _values;
    private readonly ColourScale _scale;
    private readonly string? _format;
    private readonly bool _withLegend;

    /// <param name="label">What the values are.</param>
    /// <param name="grid">The cells.</param>
    /// <param name="values">In the order t, h, w (w fastest); NaN is missing.</param>
    /// <param name="scale">Colours.</param>
    /// <param name="format">How numbers are written (<c>0 %</c>, <c>0.00</c>); null: three significant digits.</param>
    /// <param name="withLegend">Whether to draw the scale below.</param>
    public HeatTable(string label, PatchGrid grid, IReadOnlyList<double> values, ColourScale scale, string? format = null, bool withLegend = true)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count != grid.Count)
        {
            throw new ArgumentException($"{values.Count} values for a grid of {grid} cells.", nameof(values));
        }

        (_label, Grid, _values, _scale, _format, _withLegend) = (label, grid, values, scale, format, withLegend);
    }

    public PatchGrid Grid { get; }

    private int Layers => Math.Clamp(MaximumCells / (Grid.Height * Grid.Width), 1, Grid.Time);

    private string Cut => Layers < Grid.Time ? string.Create(CultureInfo.InvariantCulture, $"{Grid.Time - Layers} more times are not shown.") : "";

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        HtmlFragment legend = _withLegend ? _scale.Legend(_label, _values.Any(double.IsNaN), _format) : HtmlFragment.Empty;
        HtmlFragment cut = Cut.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<p class=\"halo-caption\">{Cut}</p>");
        return HtmlFragment.Of($"<div class=\"halo-layers\">{Enumerable.Range(0, Layers).Select(Layer)}</div>{cut}{legend}\n");
    }

    /// <inheritdoc/>
    public string ToText()
    {
        StringBuilder text = new(_label);
        int width = _values.Max(value => Format(value).Length);
        for (int t = 0; t < Layers; t++)
        {
            text.AppendLine().Append(CultureInfo.InvariantCulture, $"time {t + 1} of {Grid.Time}");
            for (int h = 0; h < Grid.Height; h++)
            {
                text.AppendLine().Append("  ").AppendJoin("  ", Enumerable.Range(0, Grid.Width).Select(w => Format(Value(t, h, w)).PadLeft(width)));
            }
        }

        return Cut.Length == 0 ? text.ToString() : text.AppendLine().Append(Cut).ToString();
    }

    private HtmlFragment Layer(int t)
    {
        // Cells wide enough for their numbers while there are few; a fine grid shows colours and gives numbers to the pointer.
        bool withNumbers = Grid.Width <= 8 && Grid.Height <= 12;
        int cellWidth = withNumbers ? Math.Max(48, 12 + (7 * _values.Max(value => Format(value).Length))) : Math.Max(6, 320 / Grid.Width);
        int cellHeight = withNumbers ? 30 : cellWidth;
        List<HtmlFragment> cells = [];
        for (int h = 0; h < Grid.Height; h++)
        {
            for (int w = 0; w < Grid.Width; w++)
            {
                cells.Add(Cell(t, h, w, w * cellWidth, h * cellHeight, cellWidth, cellHeight, withNumbers));
            }
        }

        (int width, int height) = (Grid.Width * cellWidth, Grid.Height * cellHeight);
        return HtmlFragment.Of($"<figure class=\"halo-layer\"><figcaption>time {t + 1} of {Grid.Time}</figcaption><svg class=\"halo-cells\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{_label}, time {t + 1}\">{cells}</svg></figure>");
    }

    private HtmlFragment Cell(int t, int h, int w, int x, int y, int width, int height, bool withNumber)
    {
        double value = Value(t, h, w);
        string fill = double.IsNaN(value) ? "halo-nothing" : _scale.FillClass(value);
        double opacity = double.IsNaN(value) ? 1 : Math.Abs(_scale.Strength(value));
        HtmlFragment number = withNumber
            ? HtmlFragment.Of($"<text x=\"{x + (width / 2)}\" y=\"{y + (height / 2)}\">{Format(value)}</text>")
            : HtmlFragment.Empty;
        return HtmlFragment.Of($"<g><title>t {t + 1}, row {h + 1}, column {w + 1}: {Format(value)}</title><rect class=\"{fill}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill-opacity=\"{opacity:0.###}\"/>{number}</g>");
    }

    private double Value(int t, int h, int w) => _values[Grid.Index(t, h, w)];

    private string Format(double value) => DisplayNumber.Format(value, _format);
}
