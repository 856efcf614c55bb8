using System.Collections;
using System.Reflection;
using HaloLab.Displays;

namespace HaloLab.Notebooks.Displays;

/// <summary>A sequence of objects as a table: one row each, one column per public property.</summary>
internal static class ObjectTable
{
    private const int Rows = 200;
    private const int CellCharacters = 400;

    /// <summary>The table; null where the elements are not objects of one type with properties (numbers, text, mixed things).</summary>
    public static IDisplay? Of(IEnumerable sequence)
    {
        // A sequence may be long, or endless: one more row than is shown tells that there are more.
        List<object?> rows = [.. sequence.Cast<object?>().Take(Rows + 1)];
        if (rows.Count == 0 || rows.Any(row => row is null) || rows.Select(row => row!.GetType()).Distinct().Skip(1).Any())
        {
            return null;
        }

        Type type = rows[0]!.GetType();
        PropertyInfo[] properties = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.GetIndexParameters().Length == 0)];
        bool isPlain = type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(decimal) || typeof(IEnumerable).IsAssignableFrom(type) || typeof(IFormattable).IsAssignableFrom(type);
        if (isPlain || properties.Length == 0)
        {
            return null;
        }

        TableColumn[] columns = [.. properties.Select(property => Column(property.Name, Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType))];
        object?[][] cells = [.. rows.Take(Rows).Select(row => properties.Select((property, i) => Cell(property.GetValue(row), columns[i])).ToArray())];
        DataTable table = new(columns, cells) { IsSortable = true };
        return rows.Count <= Rows ? table : new CutTable(table);
    }

    private static TableColumn Column(string name, Type type)
    {
        bool isReal = type == typeof(double) || type == typeof(float) || type == typeof(decimal) || type == typeof(Half);
        bool isNumber = isReal || (type.IsPrimitive && type != typeof(bool) && type != typeof(char));
        return new TableColumn(name, isNumber, isReal ? "G6" : null);
    }

    private static object? Cell(object? value, TableColumn column)
    {
        if (value is null || column.IsNumber)
        {
            return value;
        }

        string text = DisplayFormatters.Plain(value);
        return text.Length <= CellCharacters ? text : text[..CellCharacters] + "…";
    }

    private sealed class CutTable(DataTable table) : IDisplay
    {
        private static readonly string Note = $"The first {Rows} rows.";

        public HtmlFragment ToHtml() => HtmlFragment.Of($"{table.ToHtml()}<p class=\"halo-caption\">{Note}</p>\n");

        public string ToText() => table.ToText() + Environment.NewLine + Note;
    }
}
