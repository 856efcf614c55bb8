using System.Globalization;
using HaloLab.Preferences.Labels;
using Parquet;
using Parquet.Schema;

namespace HaloLab.Preferences.Importing;

/// <summary>Flat columns of a Parquet file as text, one row group in memory at a time; columns of lists and structures are left out.</summary>
internal static class ParquetTable
{
    /// <summary>First a line of names, then the rows.</summary>
    /// <exception cref="InputException">The file cannot be read or is no Parquet file.</exception>
    public static IEnumerable<TableFile.Line> Read(string path)
    {
        using FileStream stream = Utf8Text.Open(path);
        ParquetReader reader = Guard(path, () => ParquetReader.CreateAsync(stream));
        try
        {
            DataField[] fields = [.. reader.Schema.Fields.OfType<DataField>().Where(field => !field.IsArray)];
            Dictionary<string, int> places = fields.Index().ToDictionary(item => item.Item.Name, item => item.Index);
            yield return new TableFile.Line(places.Keys, null);
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
                Func<int, string?>[] columns = [.. fields.Select(field => Guard(path, () => Column(rows, field)))];
                for (int i = 0; i < rows.RowCount; i++)
                {
                    int row = i;
                    yield return new TableFile.Line(places.Keys, name => places.TryGetValue(name, out int place) ? columns[place](row) : null);
                }
            }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static async Task<Func<int, string?>> Column(ParquetRowGroupReader rows, DataField field)
    {
        if (field.ClrType == typeof(ReadOnlyMemory<char>))
        {
            string?[] texts = new string?[rows.RowCount];
            await rows.ReadAsync(field, texts.AsMemory()).ConfigureAwait(false);
            return row => texts[row];
        }

        return field.ClrType switch
        {
            Type type when type == typeof(double) => await Values<double>(rows, field, value => value.ToString("R", CultureInfo.InvariantCulture)).ConfigureAwait(false),
            Type type when type == typeof(float) => await Values<float>(rows, field, value => ((double)value).ToString("R", CultureInfo.InvariantCulture)).ConfigureAwait(false),
            Type type when type == typeof(long) => await Values<long>(rows, field, value => value.ToString(CultureInfo.InvariantCulture)).ConfigureAwait(false),
            Type type when type == typeof(int) => await Values<int>(rows, field, value => value.ToString(CultureInfo.InvariantCulture)).ConfigureAwait(false),
            Type type when type == typeof(short) => await Values<short>(rows, field, value => value.ToString(CultureInfo.InvariantCulture)).ConfigureAwait(false),
            Type type when type == typeof(sbyte) => await Values<sbyte>(rows, field, value => value.ToString(CultureInfo.InvariantCulture)).ConfigureAwait(false),
            Type type when type == typeof(bool) => await Values<bool>(rows, field, value => value ? "true" : "false").ConfigureAwait(false),
            Type type when type == typeof(DateTime) => await Values<DateTime>(rows, field, value => LabelText.OfTime(new DateTimeOffset(DateTime.SpecifyKind(value, DateTimeKind.Utc)))).ConfigureAwait(false),
            _ => _ => null,
        };
    }

    private static async Task<Func<int, string?>> Values<T>(ParquetRowGroupReader rows, DataField field, Func<T, string> text)
        where T : struct
    {
        if (!field.IsNullable)
        {
            T[] values = new T[rows.RowCount];
            await rows.ReadAsync<T>(field, values.AsMemory()).ConfigureAwait(false);
            return row => text(values[row]);
        }

        T?[] nullable = new T?[rows.RowCount];
        await rows.ReadAsync<T>(field, nullable.AsMemory()).ConfigureAwait(false);
        return row => nullable[row] is { } value ? text(value) : null;
    }

    private static T Guard<T>(string path, Func<Task<T>> read)
    {
        try
        {
            return read().GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is ParquetException or IOException or InvalidDataException or NotSupportedException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            // The library has no one exception for a damaged file.
            throw new InputException($"{path}: is not a Parquet file that can be read ({exception.Message}). Write it anew.", exception);
        }
    }
}
