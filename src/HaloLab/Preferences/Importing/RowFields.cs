using System.Collections.Frozen;
using System.Globalization;
using HaloLab.Preferences.Labels;

namespace HaloLab.Preferences.Importing;

/// <summary>The fields of one row of a file; messages name file, row, field and what was expected.</summary>
/// <param name="file">For messages.</param>
/// <param name="row">The first row of data is 1.</param>
/// <param name="valueOf">A field's value as text; null where the field is missing, or empty in a file that cannot tell.</param>
internal sealed class RowFields(string file, long row, Func<string, string?> valueOf)
{
    public long Row => row;

    /// <summary>A text, or null where it is missing.</summary>
    public string? Find(string field) => valueOf(field);

    /// <summary>A text that is not empty, without blanks around it.</summary>
    public string Text(string field)
    {
        string text = valueOf(field)?.Trim() ?? "";
        return text.Length > 0 ? text : throw Error(field, "is missing or empty", "a text");
    }

    /// <summary>A finite number, or null where it is missing.</summary>
    public double? FindNumber(string field) => valueOf(field) is not { } text ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number
        : throw Error(field, $"is '{text}'", "a finite number");

    /// <summary>A whole number, or null where it is missing.</summary>
    public int? FindWhole(string field) => valueOf(field) is not { } text ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number
        : throw Error(field, $"is '{text}'", "a whole number");

    /// <summary>One of a few names, or null where it is missing.</summary>
    public T? FindName<T>(string field, FrozenDictionary<T, string> names)
        where T : struct, Enum => valueOf(field) is not { } text ? null
            : LabelText.Find(names, text) ?? throw Error(field, $"is '{text}'", $"one of {string.Join(", ", names.OrderBy(item => item.Key).Select(item => item.Value))}");

    public InputException Error(string field, string what, string expected) => new(Place($"'{field}' {what}. Expected {expected}."));

    /// <summary>A message with file and row before it, unless it names them already.</summary>
    public string Place(string message)
    {
        string place = string.Create(CultureInfo.InvariantCulture, $"{file}: row {row}: ");
        return message.StartsWith(place, StringComparison.Ordinal) ? message : place + message;
    }
}
