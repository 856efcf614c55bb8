using System.Globalization;
using HaloLab.Preferences.Labels;
using HaloLab.Videos;

namespace HaloLab.Preferences.Importing;

/// <summary>
/// HaloLab's own table: one label a row, in the fields that <see cref="LabelExport"/> writes; CSV, JSON, JSON Lines or Parquet. A row may name a video
/// file (<c>path</c>, <c>other_path</c>) in place of <c>clip</c> and <c>other_clip</c>.
/// </summary>
public sealed class LabelTableFormat : ILabelFormat
{
    private const string PathField = "path";
    private const string OtherPathField = "other_path";
    private static readonly string[] Required = [LabelFields.Dimension, LabelFields.Annotator, LabelFields.AnnotatorKind];

    /// <inheritdoc/>
    public string Name => "labels";

    /// <inheritdoc/>
    public string Description => "HaloLab's own table of labels: CSV, JSON, JSON Lines or Parquet, one label a row (docs/labels.md)";

    /// <inheritdoc/>
    public bool Recognises(string path)
    {
        IReadOnlyCollection<string> fields = TableFile.FindFields(path);
        return fields.Contains(LabelFields.Dimension) && (fields.Contains(LabelFields.Clip) || fields.Contains(PathField) || fields.Contains(LabelFields.Annotator));
    }

    /// <inheritdoc/>
    public IEnumerable<ImportedRow> Read(string path, ClipNames clips)
    {
        ArgumentNullException.ThrowIfNull(clips);
        RequireFields(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Recording recording = Recording.From(path);
        foreach (RowFields row in TableFile.Read(path))
        {
            yield return ImportedRow.Of(row, () => [Read(row, folder, clips, recording)]);
        }
    }

    private static void RequireFields(string path)
    {
        // Rows of JSON may lack what is missing; only a header speaks for all rows.
        if (Path.GetExtension(path).ToLowerInvariant() is not (".csv" or ".parquet"))
        {
            return;
        }

        IReadOnlyCollection<string> fields = TableFile.FindFields(path);
        string[] missing = [.. Required.Where(field => !fields.Contains(field))];
        if (fields.Count > 0 && missing.Length > 0)
        {
            throw new InputException($"{path}: has no column {string.Join(", ", missing.Select(field => $"'{field}'"))}. Columns found: {string.Join(", ", fields)}.");
        }
    }

    private static StoredLabel Read(RowFields row, string folder, ClipNames clips, Recording recording)
    {
        string? prompt = row.Find(LabelFields.Prompt);
        string? ClipOf(string idField, string pathField) => row.Find(idField)
            ?? (row.Find(pathField) is { } name ? clips.Of("labels", folder, name, prompt) : null);
        Label label = new()
        {
            Clip = ClipOf(LabelFields.Clip, PathField) ?? throw row.Error(LabelFields.Clip, "is missing", $"a clip id, or a video file in '{PathField}'"),
            OtherClip = ClipOf(LabelFields.OtherClip, OtherPathField),
            Prompt = prompt,
            Grid = row.Find(LabelFields.Grid) is { } grid ? PatchGrid.Parse(grid) : null,
            Cell = row.FindWhole(LabelFields.Cell),
            Dimension = row.Text(LabelFields.Dimension),
            Value = row.FindNumber(LabelFields.Value),
            Scale = Scale(row),
            Choice = row.FindName(LabelFields.Choice, LabelText.Choices),
            Defect = row.FindName(LabelFields.Defect, LabelText.Defects),
            Unanswered = row.FindName(LabelFields.Unanswered, LabelText.Unanswered),
            Confidence = row.FindNumber(LabelFields.Confidence),
            Reason = row.Find(LabelFields.Reason),
            Annotator = row.Text(LabelFields.Annotator),
            AnnotatorKind = row.FindName(LabelFields.AnnotatorKind, LabelText.Kinds) ?? throw row.Error(LabelFields.AnnotatorKind, "is missing", string.Join(", ", LabelText.Kinds.Values.Order(StringComparer.Ordinal))),
            AnsweredAt = Time(row, LabelFields.AnsweredAt),
            TemplateHash = row.Find(LabelFields.TemplateHash),
            ResponseId = row.Find(LabelFields.ResponseId),
        };
        int revision = row.FindWhole(LabelFields.Revision) ?? 0;
        return revision >= 0
            ? new StoredLabel(label, revision, true, Time(row, LabelFields.RecordedAt) ?? recording.At, row.Find(LabelFields.Source) ?? recording.Source)
            : throw row.Error(LabelFields.Revision, string.Create(CultureInfo.InvariantCulture, $"is {revision}"), "a whole number from 0");
    }

    private static RatingScale? Scale(RowFields row)
    {
        (double? worst, double? best) = (row.FindNumber(LabelFields.ScaleWorst), row.FindNumber(LabelFields.ScaleBest));
        if (worst is null || best is null)
        {
            return worst is null && best is null ? null : throw row.Error(worst is null ? LabelFields.ScaleWorst : LabelFields.ScaleBest, "is missing", "both ends of the scale, or neither");
        }

        bool isWhole = row.Find(LabelFields.ScaleWhole)?.ToLowerInvariant() switch
        {
            "true" or "1" => true,
            "false" or "0" or null => false,
            string text => throw row.Error(LabelFields.ScaleWhole, $"is '{text}'", "true or false"),
        };
        return new RatingScale(worst.Value, best.Value, isWhole);
    }

    private static DateTimeOffset? Time(RowFields row, string field) => row.Find(field) is not { } text ? null
        : LabelText.ParseTime(text) ?? throw row.Error(field, $"is '{text}'", "a time in ISO 8601, for example 2026-01-31T12:00:00Z");
}
