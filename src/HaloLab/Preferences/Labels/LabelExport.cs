using System.Text.Encodings.Web;
using System.Text.Json;
using Parquet;
using Parquet.Schema;

namespace HaloLab.Preferences.Labels;

/// <summary>
/// Writes a store's labels as JSON Lines or Parquet, one label a row, corrections and what they superseded included, so that importing the file makes the same
/// labels again. docs/labels.md lists the fields; a missing value is an absent field (JSON) or a null (Parquet).
/// </summary>
public static class LabelExport
{
    /// <summary>Rows of a Parquet row group: what lies in memory at a time.</summary>
    private const int RowGroup = 50_000;

    private static readonly JsonWriterOptions LineFormat = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly Column[] Columns =
    [
        Text(LabelFields.Clip, stored => stored.Label.Clip),
        Text(LabelFields.OtherClip, stored => stored.Label.OtherClip),
        Text(LabelFields.Prompt, stored => stored.Label.Prompt),
        Text(LabelFields.Grid, stored => stored.Label.Grid?.ToString()),
        Number<int>(LabelFields.Cell, stored => stored.Label.Cell),
        Text(LabelFields.Dimension, stored => stored.Label.Dimension),
        Number<double>(LabelFields.Value, stored => stored.Label.Value),
        Number<double>(LabelFields.ScaleWorst, stored => stored.Label.Scale?.Worst),
        Number<double>(LabelFields.ScaleBest, stored => stored.Label.Scale?.Best),
        Number<bool>(LabelFields.ScaleWhole, stored => stored.Label.Scale?.IsWhole),
        Text(LabelFields.Choice, stored => stored.Label.Choice is { } choice ? LabelText.Choices[choice] : null),
        Text(LabelFields.Defect, stored => stored.Label.Defect is { } defect ? LabelText.Defects[defect] : null),
        Text(LabelFields.Unanswered, stored => stored.Label.Unanswered is { } unanswered ? LabelText.Unanswered[unanswered] : null),
        Number<double>(LabelFields.Confidence, stored => stored.Label.Confidence),
        Text(LabelFields.Reason, stored => stored.Label.Reason),
        Text(LabelFields.Annotator, stored => stored.Label.Annotator),
        Text(LabelFields.AnnotatorKind, stored => LabelText.Kinds[stored.Label.AnnotatorKind]),
        Time(LabelFields.AnsweredAt, stored => stored.Label.AnsweredAt),
        Text(LabelFields.TemplateHash, stored => stored.Label.TemplateHash),
        Text(LabelFields.ResponseId, stored => stored.Label.ResponseId),
        Number<int>(LabelFields.Revision, stored => stored.Revision),
        Time(LabelFields.RecordedAt, stored => stored.RecordedAt),
        Text(LabelFields.Source, stored => stored.Source),
    ];

    /// <summary>Writes the labels that a query finds, superseded ones too. The file is written whole or not at all.</summary>
    /// <param name="store">Where the labels are.</param>
    /// <param name="query">Which; <see cref="LabelQuery.WithSuperseded"/> is taken as true.</param>
    /// <param name="path">A <c>.jsonl</c>, <c>.ndjson</c> or <c>.parquet</c>.</param>
    /// <param name="advanced">Told the share done.</param>
    /// <param name="cancellation">Stops it; nothing is written.</param>
    /// <returns>How many labels were written.</returns>
    /// <exception cref="InputException">Another ending, or the file cannot be written.</exception>
    public static long Write(LabelStore store, LabelQuery query, string path, Action<double>? advanced = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(path);
        Action<Stream, IEnumerable<StoredLabel>> write = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".jsonl" or ".ndjson" => WriteLines,
            ".parquet" => (stream, labels) => WriteParquet(stream, labels).GetAwaiter().GetResult(),
            string ending => throw new InputException($"{path}: cannot write '{ending}'. Expected a file that ends in .jsonl, .ndjson or .parquet."),
        };
        LabelQuery all = query with { WithSuperseded = true };
        long total = store.Count(all);
        long written = 0;
        AtomicFile.Write(path, stream => write(stream, Counted()));
        return written;

        IEnumerable<StoredLabel> Counted()
        {
            foreach (StoredLabel label in store.Read(all))
            {
                if (written++ % 1000 == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                    advanced?.Invoke((double)written / total);
                }

                yield return label;
            }
        }
    }

    private static void WriteLines(Stream stream, IEnumerable<StoredLabel> labels)
    {
        using Utf8JsonWriter writer = new(stream, LineFormat);
        foreach (StoredLabel label in labels)
        {
            writer.WriteStartObject();
            foreach (Column column in Columns)
            {
                column.WriteJson(writer, label);
            }

            writer.WriteEndObject();
            writer.Flush();
            writer.Reset();
            stream.WriteByte((byte)'\n');
        }
    }

    private static async Task WriteParquet(Stream stream, IEnumerable<StoredLabel> labels)
    {
        ParquetSchema schema = new([.. Columns.Select(column => column.Field)]);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream, new ParquetOptions { CompressionMethod = CompressionMethod.Zstd }).ConfigureAwait(false);
        foreach (StoredLabel[] rows in labels.Chunk(RowGroup))
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            foreach ((Column column, DataField field) in Columns.Zip(schema.DataFields))
            {
                await column.WriteParquet(group, field, rows).ConfigureAwait(false);
            }
        }
    }

    private static Column Text(string name, Func<StoredLabel, string?> value) => new(
        new DataField(name, typeof(string), isNullable: true),
        (writer, label) =>
        {
            if (value(label) is { } text)
            {
                writer.WriteString(name, text);
            }
        },
        (group, field, rows) => group.WriteAsync(field, Array.ConvertAll(rows, label => value(label))));

    private static Column Number<T>(string name, Func<StoredLabel, T?> value)
        where T : struct => new(
            new DataField(name, typeof(T), isNullable: true),
            (writer, label) =>
            {
                switch (value(label))
                {
                    case double number:
                        writer.WriteNumber(name, number);
                        break;
                    case int number:
                        writer.WriteNumber(name, number);
                        break;
                    case bool truth:
                        writer.WriteBoolean(name, truth);
                        break;
                }
            },
            (group, field, rows) => group.WriteAsync<T>(field, Array.ConvertAll(rows, label => value(label)).AsMemory()));

    private static Column Time(string name, Func<StoredLabel, DateTimeOffset?> value) => new(
        new DateTimeDataField(name, DateTimeFormat.DateAndTimeMicros, isAdjustedToUTC: true, isNullable: true),
        (writer, label) =>
        {
            if (value(label) is { } time)
            {
                writer.WriteString(name, LabelText.OfTime(time));
            }
        },
        (group, field, rows) => group.WriteAsync<DateTime>(field, Array.ConvertAll(rows, label => value(label)?.UtcDateTime).AsMemory()));

    private sealed record Column(DataField Field, Action<Utf8JsonWriter, StoredLabel> WriteJson, Func<ParquetRowGroupWriter, DataField, StoredLabel[], Task> WriteParquet);
}
