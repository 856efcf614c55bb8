using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace HaloLab.Displays;

/// <summary>A table. Cells are text, numbers, finished fragments, or null for a missing value; long tables are cut with a line that says so.</summary>
public sealed partial class DataTable : IDisplay
{
    public const int MaximumRows = 500;

    private readonly IReadOnlyList<TableColumn> _columns;
    private readonly IReadOnlyList<IReadOnlyList<object?>> _rows;

    public DataTable(IReadOnlyList<TableColumn> columns, IReadOnlyList<IReadOnlyList<object?>> rows)
    {
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Any(row => row.Count != columns.Count))
        {
            throw new ArgumentException($"Every row needs {columns.Count} cells.", nameof(rows));
        }

        (_columns, _rows) = (columns, rows);
    }

    private string Cut => _rows.Count > MaximumRows ? $"{_rows.Count - MaximumRows} more rows are not shown." : "";

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        HtmlFragment cut = Cut.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<p class=\"halo-caption\">{Cut}</p>");
        return HtmlFragment.Of($"""
            <div class="halo-scroll"><table>
            <thead><tr>{_columns.Select(column => HtmlFragment.Of($"<th{Class(column)}>{column.Header}</th>"))}</tr></thead>
            <tbody>
            {_rows.Take(MaximumRows).Select(row => HtmlFragment.Of($"<tr>{row.Select((cell, i) => HtmlFragment.Of($"<td{Class(_columns[i])}>{ToHtml(cell, _columns[i])}</td>"))}</tr>\n"))}</tbody></table>{cut}</div>

            """);
    }

    /// <inheritdoc/>
    public string ToText()
    {
        string[][] cells = [[.. _columns.Select(column => column.Header)], .. _rows.Take(MaximumRows).Select(row => row.Select((cell, i) => ToText(cell, _columns[i])).ToArray())];
        int[] widths = [.. Enumerable.Range(0, _columns.Count).Select(i => cells.Max(row => row[i].Length))];
        List<string> lines = [.. cells.Select(row => string.Join("  ", row.Select((cell, i) => _columns[i].IsNumber ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd())];
        lines.Insert(1, string.Join("  ", widths.Select(width => new string('─', width))));
        if (Cut.Length > 0)
        {
            lines.Add(Cut);
        }

        return string.Join(Environment.NewLine, lines);
    }

    private static HtmlFragment Class(TableColumn column) => column.IsNumber ? HtmlFragment.Of($" class=\"halo-number\"") : HtmlFragment.Empty;

    private static HtmlFragment ToHtml(object? cell, TableColumn column) => cell is HtmlFragment fragment ? fragment : HtmlFragment.Text(ToText(cell, column));

    private static string ToText(object? cell, TableColumn column) => cell switch
    {
        null => DisplayNumber.Missing,
        HtmlFragment fragment => WebUtility.HtmlDecode(Tag().Replace(fragment.Markup, "")),
        double number => DisplayNumber.Format(number, column.Format),
        float number => DisplayNumber.Format(number, column.Format),
        IFormattable value => value.ToString(column.Format, CultureInfo.InvariantCulture),
        _ => cell.ToString() ?? "",
    };

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();
}
