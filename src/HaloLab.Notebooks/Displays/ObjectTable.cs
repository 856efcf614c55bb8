using System.Collections;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;

namespace HaloLab.Notebooks.Displays;

/// <summary>A sequence of objects as a table, in HTML and in text: one row each, one column per public property.</summary>
internal static class ObjectTable
{
    private const int Rows = 50;

    /// <summary>The table; null where the elements are not objects of one type with properties (numbers, text, mixed things).</summary>
    public static (string Html, string Text)? TryWrite(IEnumerable sequence)
    {
        List<object?> rows = [.. sequence.Cast<object?>().Take(Rows + 1)];
        if (rows.Count == 0 || rows.Any(row => row is null) || rows.Select(row => row!.GetType()).Distinct().Skip(1).Any())
        {
            return null;
        }

        Type type = rows[0]!.GetType();
        PropertyInfo[] columns = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.GetIndexParameters().Length == 0)];
        bool isPlain = type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(decimal) || typeof(IEnumerable).IsAssignableFrom(type) || typeof(IFormattable).IsAssignableFrom(type);
        if (isPlain || columns.Length == 0)
        {
            return null;
        }

        string[] names = [.. columns.Select(column => column.Name)];
        List<string[]> cells = [.. rows.Take(Rows).Select(row => columns.Select(column => DisplayFormatters.Plain(column.GetValue(row))).ToArray())];
        bool isCut = rows.Count > Rows;
        return (Html(names, cells, isCut), Text(names, cells, isCut));
    }

    private static string Html(string[] names, List<string[]> cells, bool isCut)
    {
        StringBuilder html = new("<table><thead><tr>");
        html.AppendJoin("", names.Select(name => $"<th>{WebUtility.HtmlEncode(name)}</th>")).Append("</tr></thead><tbody>");
        foreach (string[] row in cells)
        {
            html.Append("<tr>").AppendJoin("", row.Select(cell => $"<td>{WebUtility.HtmlEncode(cell)}</td>")).Append("</tr>");
        }

        html.Append("</tbody></table>");
        return isCut ? html.Append(CultureInfo.InvariantCulture, $"<p>The first {Rows} rows.</p>").ToString() : html.ToString();
    }

    private static string Text(string[] names, List<string[]> cells, bool isCut)
    {
        int[] widths = [.. names.Select((name, i) => cells.Select(row => row[i].Length).Append(name.Length).Max())];
        IEnumerable<string> lines = cells.Prepend(names).Select(row => string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd());
        return string.Join('\n', isCut ? lines.Append($"(the first {Rows} rows)") : lines);
    }
}
