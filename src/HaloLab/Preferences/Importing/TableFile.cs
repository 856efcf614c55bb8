using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;

namespace HaloLab.Preferences.Importing;

/// <summary>
/// Rows of a table in a file, read one by one: CSV with a header, JSON (a list of objects), JSON Lines or Parquet. An empty value of CSV is a
/// missing one. A row that breaks the file's own form ends the reading: what comes after it cannot be trusted.
/// </summary>
internal static class TableFile
{
    private static readonly JsonDocumentOptions LineFormat = new() { AllowDuplicateProperties = false };
    private static readonly JsonSerializerOptions ListFormat = new() { AllowDuplicateProperties = false };

    /// <summary>Whether the file's ending is one that can be read.</summary>
    public static bool CanRead(string path) => File.Exists(path) && ReaderOf(path) is not null;

    /// <summary>The fields of the table: of all rows where there is a header, else of the first row; none where the file cannot be read.</summary>
    public static IReadOnlyCollection<string> FindFields(string path)
    {
        try
        {
            return ReaderOf(path)?.Invoke(path).FirstOrDefault().Fields ?? [];
        }
        catch (InputException)
        {
            // Asked only to recognise a format; reading it will say what is wrong.
            return [];
        }
    }

    /// <summary>Reads the rows.</summary>
    /// <exception cref="InputException">The file cannot be read, has another ending, is not UTF-8, or a row breaks its form.</exception>
    public static IEnumerable<RowFields> Read(string path)
    {
        Func<string, IEnumerable<Line>> read = ReaderOf(path) ?? throw new InputException($"{path}: expected a table that ends in .csv, .json, .jsonl, .ndjson or .parquet.");
        if (!IsParquet(path))
        {
            Utf8Text.Require(path);
        }

        long row = 0;
        foreach (Line line in read(path))
        {
            // The first line of CSV and Parquet only names the fields.
            if (line.Value is { } value)
            {
                yield return new RowFields(path, ++row, value);
            }
        }
    }

    private static bool IsParquet(string path) => Path.GetExtension(path).Equals(".parquet", StringComparison.OrdinalIgnoreCase);

    private static Func<string, IEnumerable<Line>>? ReaderOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".csv" => ReadCsv,
        ".json" => ReadJsonList,
        ".jsonl" or ".ndjson" => ReadJsonLines,
        ".parquet" => ParquetTable.Read,
        _ => null,
    };

    private static IEnumerable<Line> ReadCsv(string path)
    {
        using StreamReader text = new(Utf8Text.Open(path), Encoding.UTF8);
        using CsvParser parser = new(text, new CsvConfiguration(CultureInfo.InvariantCulture) { TrimOptions = TrimOptions.Trim });
        Dictionary<string, int>? header = null;
        for (long row = 0; ; row++)
        {
            string[] record;
            try
            {
                if (!parser.Read())
                {
                    break;
                }

                record = parser.Record!;
            }
            catch (CsvHelperException exception)
            {
                throw Broken(path, row, exception.Message.Split('\n')[0].TrimEnd(), "a row of CSV");
            }

            if (header is null)
            {
                header = [];
                for (int i = 0; i < record.Length; i++)
                {
                    if (!header.TryAdd(record[i], i))
                    {
                        throw new InputException($"{path}: the header names '{record[i]}' twice. Expected different names.");
                    }
                }

                yield return new Line(header.Keys, null);
                continue;
            }

            if (record.Length != header.Count)
            {
                throw Broken(path, row, $"it has {record.Length} values", $"{header.Count}, one for each name of the header");
            }

            yield return new Line(header.Keys, name => header.TryGetValue(name, out int place) && record[place].Length > 0 ? record[place] : null);
        }
    }

    private static IEnumerable<Line> ReadJsonLines(string path)
    {
        using StreamReader text = new(Utf8Text.Open(path), Encoding.UTF8);
        JsonRows rows = new(path);
        long row = 0;
        while (text.ReadLine() is { } line)
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            row++;
            JsonElement element;
            try
            {
                using JsonDocument document = JsonDocument.Parse(line, LineFormat);
                element = document.RootElement.Clone();
            }
            catch (JsonException exception)
            {
                throw Broken(path, row, exception.Message, "a JSON object with different names");
            }

            yield return rows.Line(row, element);
        }
    }

    private static IEnumerable<Line> ReadJsonList(string path)
    {
        using FileStream stream = Utf8Text.Open(path);
        using IEnumerator<JsonElement> elements = JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(stream, ListFormat).ToBlockingEnumerable().GetEnumerator();
        JsonRows rows = new(path);
        for (long row = 1; ; row++)
        {
            try
            {
                if (!elements.MoveNext())
                {
                    break;
                }
            }
            catch (JsonException exception)
            {
                // The list is read ahead, so the fault may lie in a later row; its path ($[7].id) says in which.
                string place = exception.Path is ['$', '[', .. string rest] ? rest.Split(']')[0] : "";
                throw Broken(path, long.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out long index) ? index + 1 : row, exception.Message, "a JSON list of objects with different names");
            }

            yield return rows.Line(row, elements.Current);
        }
    }

    private static InputException Broken(string path, long row, string what, string expected) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}: row {row} cannot be read ({what}). Expected {expected}. Nothing after it was looked at."));

    /// <summary>Rows of JSON objects. Most have the fields of the row before in the same order: then names need not be read, and values are found by place.</summary>
    private sealed class JsonRows(string path)
    {
        private string[] _names = [];
        private Dictionary<string, int> _places = [];

        public Line Line(long row, JsonElement element)
        {
            if (element.ValueKind != JsonValueKind.Object)
            {
                throw Broken(path, row, $"it is {element.ValueKind}", "a JSON object");
            }

            if (!IsLikeLast(element))
            {
                _names = [.. element.EnumerateObject().Select(property => property.Name)];
                _places = _names.Index().ToDictionary(item => item.Item, item => item.Index);
            }

            JsonElement[] values = [.. element.EnumerateObject().Select(property => property.Value)];
            Dictionary<string, int> places = _places;
            return new Line(_names, name => places.TryGetValue(name, out int place) ? Text(values[place]) : null);
        }

        private bool IsLikeLast(JsonElement element)
        {
            int place = 0;
            foreach (JsonProperty property in element.EnumerateObject())
            {
                if (place == _names.Length || !property.NameEquals(_names[place++]))
                {
                    return false;
                }
            }

            return place == _names.Length;
        }

        private static string? Text(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            _ => value.GetRawText(),
        };
    }

    /// <summary>Names of fields, and a row's values; none for a header.</summary>
    internal readonly record struct Line(IReadOnlyCollection<string> Fields, Func<string, string?>? Value);
}
