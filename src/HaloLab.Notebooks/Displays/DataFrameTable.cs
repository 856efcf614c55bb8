using System.Collections;
using HaloLab.Displays;
using Microsoft.Data.Analysis;

namespace HaloLab.Notebooks.Displays;

/// <summary>A data frame as a sortable table that can be saved as CSV. The page has the first <see cref="RowsShown"/> rows, the file all (up to its limit).</summary>
public sealed class DataFrameTable : IDisplay
{
    private readonly DataTable _table;

    /// <param name="frame">The frame; it is read when it is shown.</param>
    /// <param name="csvName">Name of the CSV file.</param>
    public DataFrameTable(DataFrame frame, string csvName = "table.csv")
    {
        ArgumentNullException.ThrowIfNull(frame);
        TableColumn[] columns = [.. frame.Columns.Select(column => new TableColumn(column.Name, IsNumber(column), IsReal(column) ? "G6" : null))];
        _table = new DataTable(columns, new FrameRows(frame)) { IsSortable = true, CsvName = csvName, RowsShown = RowsShown };
    }

    /// <summary>Rows in the page.</summary>
    public const int RowsShown = 200;

    /// <inheritdoc/>
    public HtmlFragment ToHtml() => _table.ToHtml();

    /// <inheritdoc/>
    public string ToText() => _table.ToText();

    private static bool IsNumber(DataFrameColumn column) => column.IsNumericColumn();

    private static bool IsReal(DataFrameColumn column) => column.DataType == typeof(double) || column.DataType == typeof(float) || column.DataType == typeof(decimal);

    /// <summary>Rows made when they are asked for: a long frame is not copied.</summary>
    private sealed class FrameRows(DataFrame frame) : IReadOnlyList<IReadOnlyList<object?>>
    {
        private readonly DataFrameColumn[] _columns = [.. frame.Columns];

        public int Count { get; } = checked((int)frame.Rows.Count);

        public IReadOnlyList<object?> this[int index] => new FrameRow(_columns, index);

        public IEnumerator<IReadOnlyList<object?>> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class FrameRow(DataFrameColumn[] columns, int row) : IReadOnlyList<object?>
    {
        public int Count => columns.Length;

        public object? this[int index] => columns[index][row];

        public IEnumerator<object?> GetEnumerator() => columns.Select(column => column[row]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
