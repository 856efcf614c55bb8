using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace HaloLab.Displays;

/// <summary>
/// A table. Cells are text, numbers, finished fragments, or null for a missing value; long tables are cut with a line that says so. A sortable one is sorted by a click on
/// a heading (missing values stay last); one with a <see cref="CsvName"/> can be saved.
/// </summary>
[TypeFormatterSource(TypeFormatterSourceAttribute.Displays)]
public sealed partial class DataTable : IDisplay
{
    public const int MaximumRows = 500;

    /// <summary>A CSV file in the page holds at most so many characters; what is cut off is said beside its link.</summary>
    public const int MaximumCsv = 4_000_000;

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

    /// <summary>Whether a click on a heading sorts the rows that are shown.</summary>
    public bool IsSortable { get; init; }

    /// <summary>Name of the CSV file that the table can be saved as, with all rows; null: it cannot.</summary>
    public string? CsvName { get; init; }

    /// <summary>Rows that are shown, at most <see cref="MaximumRows"/>.</summary>
    public int RowsShown { get; init; } = MaximumRows;

    private string Cut => _rows.Count > RowsShown ? string.Create(CultureInfo.InvariantCulture, $"{_rows.Count - RowsShown:#,0} more rows are not shown{(IsSortable ? "; sorting is among those shown" : "")}.") : "";

    /// <inheritdoc/>
    public HtmlFragment ToHtml()
    {
        HtmlFragment[] under = [.. new[] { Cut.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<span>{Cut}</span>"), CsvLink() }.Where(part => !part.IsEmpty)];
        HtmlFragment footer = under.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<div class=\"halo-under\">{under}</div>");
        HtmlFragment kind = IsSortable && _rows.Count > 1 ? HtmlFragment.Of($" class=\"halo-table\"") : HtmlFragment.Empty;
        return HtmlFragment.Of($"""
            <div class="halo-scroll"><table{kind}>
            <thead><tr>{_columns.Select(column => HtmlFragment.Of($"<th{Class(column)}>{column.Header}</th>"))}</tr></thead>
            <tbody>
            {_rows.Take(RowsShown).Select(row => HtmlFragment.Of($"<tr>{row.Select((cell, i) => HtmlFragment.Of($"<td{Class(_columns[i])}{SortKey(cell)}>{ToHtml(cell, _columns[i])}</td>"))}</tr>\n"))}</tbody></table>{footer}</div>

            """);
    }

    /// <inheritdoc/>
    public string ToText()
    {
        string[][] cells = [[.. _columns.Select(column => column.Header)], .. _rows.Take(RowsShown).Select(row => row.Select((cell, i) => ToText(cell, _columns[i])).ToArray())];
        int[] widths = [.. Enumerable.Range(0, _columns.Count).Select(i => cells.Max(row => row[i].Length))];
        List<string> lines = [.. cells.Select(row => string.Join("  ", row.Select((cell, i) => _columns[i].IsNumber ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd())];
        lines.Insert(1, string.Join("  ", widths.Select(width => new string('─', width))));
        if (Cut.Length > 0)
        {
            lines.Add(Cut);
        }

        return string.Join(Environment.NewLine, lines);
    }

    /// <summary>All rows as CSV (RFC 4180): invariant numbers in full, empty where a value is missing.</summary>
    public string ToCsv() => Csv(int.MaxValue).Text;

    private (string Text, int Rows) Csv(int mostCharacters)
    {
        StringBuilder csv = new();
        csv.AppendJoin(',', _columns.Select(column => Quote(column.Header))).Append("\r\n");
        int rows = 0;
        foreach (IReadOnlyList<object?> row in _rows.TakeWhile(_ => csv.Length < mostCharacters))
        {
            csv.AppendJoin(',', row.Select(cell => Quote(Invariant(cell)))).Append("\r\n");
            rows++;
        }

        return (csv.ToString(), rows);
    }

    private HtmlFragment CsvLink()
    {
        if (CsvName is null)
        {
            return HtmlFragment.Empty;
        }

        (string csv, int rows) = Csv(MaximumCsv);
        string what = rows == _rows.Count ? $"{rows:#,0} rows" : $"the first {rows:#,0} of {_rows.Count:#,0} rows";
        return HtmlFragment.Of($"<a download=\"{CsvName}\" href=\"data:text/csv;charset=utf-8;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(csv))}\">Save as CSV</a> <span>{what}</span>");
    }

    private HtmlFragment SortKey(object? cell) => !IsSortable ? HtmlFragment.Empty
        : cell is null or double.NaN or float.NaN ? HtmlFragment.Of($" data-value=\"\"")
        : cell is IFormattable ? HtmlFragment.Of($" data-value=\"{Invariant(cell)}\"")
        : HtmlFragment.Empty;

    private static string Invariant(object? cell) => cell switch
    {
        null or double.NaN or float.NaN => "",
        DateTime time => time.ToString("O", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.ToString("O", CultureInfo.InvariantCulture),
        HtmlFragment fragment => Plain(fragment),
        IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
        _ => cell.ToString() ?? "",
    };

    private static string Quote(string text) => text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    private static HtmlFragment Class(TableColumn column) => column.IsNumber ? HtmlFragment.Of($" class=\"halo-number\"") : HtmlFragment.Empty;

    private static HtmlFragment ToHtml(object? cell, TableColumn column) => cell is HtmlFragment fragment ? fragment : HtmlFragment.Text(ToText(cell, column));

    private static string ToText(object? cell, TableColumn column) => cell switch
    {
        null => DisplayNumber.Missing,
        HtmlFragment fragment => Plain(fragment),
        double number => DisplayNumber.Format(number, column.Format),
        float number => DisplayNumber.Format(number, column.Format),
        IFormattable value => value.ToString(column.Format, CultureInfo.InvariantCulture),
        _ => cell.ToString() ?? "",
    };

    private static string Plain(HtmlFragment fragment) => WebUtility.HtmlDecode(Tag().Replace(fragment.Markup, ""));

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();
}
