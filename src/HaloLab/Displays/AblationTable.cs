using System.Globalization;
using System.Text;

namespace HaloLab.Displays;

/// <summary>
/// Arms against measures, coloured by the difference to one arm: blue is better than it, vermilion worse, no colour the same. Each measure has its own scale, full at its
/// largest difference, so that measures of different units stand beside each other; the difference is written below each value.
/// </summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed class AblationTable : IDisplay
{
    private readonly IReadOnlyList<AblationColumn> _columns;
    private readonly IReadOnlyList<(string Arm, IReadOnlyList<double?> Values)> _rows;
    private readonly ColourScale[] _scales;

    /// <param name="title">Title, or empty.</param>
    /// <param name="columns">The measures.</param>
    /// <param name="rows">Name of each arm and one value per measure; null was not run.</param>
    /// <param name="reference">Which arm the others are compared with.</param>
    public AblationTable(string title, IReadOnlyList<AblationColumn> columns, IReadOnlyList<(string Arm, IReadOnlyList<double?> Values)> rows, int reference = 0)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(reference);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(reference, rows.Count);
        if (rows.Any(row => row.Values.Count != columns.Count))
        {
            throw new ArgumentException($"Every arm needs {columns.Count} values.", nameof(rows));
        }

        (Title, _columns, _rows, Reference) = (title, columns, rows, reference);
        _scales = [.. Enumerable.Range(0, columns.Count).Select(column =>
        {
            double largest = rows.Select(row => Math.Abs(Gain(row.Values[column], column))).Where(double.IsFinite).DefaultIfEmpty(0).Max();
            return ColourScale.Diverging(0, largest > 0 ? largest : 1);
        })];
    }

    public string Title { get; }

    public int Reference { get; }

    private string Caption => $"Compared with {_rows[Reference].Arm}: blue is better, vermilion worse; each measure has its own scale, full at its largest difference.";

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        HtmlFragment caption = Title.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<figcaption>{Title}</figcaption>\n");
        return HtmlFragment.Of($"""
            <figure class="halo-chart">{caption}<div class="halo-scroll"><table>
            <thead><tr><th></th>{_columns.Select(column => HtmlFragment.Of($"<th class=\"halo-number\">{column.Header} {Direction(column)}</th>"))}</tr></thead>
            <tbody>
            {_rows.Select((row, i) => HtmlFragment.Of($"<tr><th>{row.Arm}</th>{row.Values.Select((value, column) => Cell(value, column, isReference: i == Reference))}</tr>\n"))}</tbody></table></div>
            <p class="halo-caption">{Caption}</p></figure>

            """);
    }

    /// <inheritdoc/>
    public string ToText()
    {
        StringBuilder text = new();
        if (Title.Length > 0)
        {
            text.AppendLine(Title);
        }

        DataTable table = new(
            [new TableColumn("arm"), .. _columns.Select(column => new TableColumn($"{column.Header} {Direction(column)}", IsNumber: true))],
            [.. _rows.Select((row, i) => (IReadOnlyList<object?>)[row.Arm, .. row.Values.Select((value, column) => (object?)(i == Reference ? Number(value, column) : $"{Number(value, column)} {Difference(value, column)}".TrimEnd()))])]);
        return text.Append(table.ToText()).ToString();
    }

    private static string Direction(AblationColumn column) => column.HigherIsBetter ? "↑" : "↓";

    private HtmlFragment Cell(double? value, int column, bool isReference)
    {
        double gain = Gain(value, column);
        if (isReference || !double.IsFinite(gain))
        {
            return HtmlFragment.Of($"<td class=\"halo-number halo-shade\">{Number(value, column)}</td>");
        }

        ColourScale scale = _scales[column];
        return HtmlFragment.Of($"<td class=\"halo-number halo-shade {scale.FillClass(gain)}\" style=\"--strength:{Math.Abs(scale.Strength(gain)):0.###}\">{Number(value, column)}<small>{Difference(value, column)}</small></td>");
    }

    /// <summary>How much better than the reference; NaN where one of them was not run.</summary>
    private double Gain(double? value, int column) => (_columns[column].HigherIsBetter ? 1 : -1) * (value - _rows[Reference].Values[column]) ?? double.NaN;

    private string Number(double? value, int column) => DisplayNumber.Format(value, _columns[column].Format);

    private string Difference(double? value, int column)
    {
        double difference = value - _rows[Reference].Values[column] ?? double.NaN;
        return double.IsNaN(difference) ? "" : string.Create(CultureInfo.InvariantCulture, $"({(difference > 0 ? "+" : "")}{DisplayNumber.Format(difference, _columns[column].Format ?? (Math.Abs(difference) is >= 1e-4 and < 100 ? "G2" : null))})");
    }
}
