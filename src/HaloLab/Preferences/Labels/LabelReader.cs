using HaloLab.Videos;
using Microsoft.Data.Sqlite;

namespace HaloLab.Preferences.Labels;

/// <summary>Turns rows of <see cref="Select"/> into labels.</summary>
internal sealed class LabelReader(SqliteDataReader reader)
{
    /// <summary>
    /// Whether no correction supersedes <c>label l</c>. Corrections are few, and have an index of their own; the index of all questions is large, and looking up each label in
    /// it would cost more than reading the labels.
    /// </summary>
    public const string IsCurrent = "NOT EXISTS (SELECT 1 FROM label n INDEXED BY label_corrections WHERE n.revision > 0 AND n.question = l.question AND n.revision = l.revision + 1)";

    /// <summary>The columns of a label, from <c>label l</c>. CROSS JOIN keeps SQLite from beginning with another table.</summary>
    public const string Select =
        "SELECT c.name, o.name, p.text, l.grid, l.cell, d.name, l.value, s.worst, s.best, s.is_whole, l.choice, l.defect, l.unanswered, l.confidence, l.reason, a.name, a.kind, l.answered_at, t.hash, r.name, l.revision, "
        + IsCurrent
        + ", b.recorded_at, b.source FROM label l CROSS JOIN clip c ON c.id = l.clip CROSS JOIN dimension d ON d.id = l.dimension CROSS JOIN annotator a ON a.id = l.annotator CROSS JOIN batch b ON b.id = l.batch "
        + "LEFT JOIN clip o ON o.id = l.other_clip LEFT JOIN prompt p ON p.id = l.prompt LEFT JOIN scale s ON s.id = l.scale LEFT JOIN template t ON t.id = l.template LEFT JOIN response r ON r.id = l.response";

    // Names repeat from row to row: one string of each is enough.
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>The row that the reader stands on.</summary>
    public StoredLabel Current()
    {
        Label label = new()
        {
            Clip = Name(0)!,
            OtherClip = Name(1),
            Prompt = Name(2),
            Grid = Text(3) is { } grid ? PatchGrid.Parse(grid) : null,
            Cell = reader.IsDBNull(4) ? null : reader.GetInt32(4),
            Dimension = Name(5)!,
            Value = Number(6),
            Scale = Number(7) is { } worst ? new RatingScale(worst, reader.GetDouble(8), reader.GetBoolean(9)) : null,
            Choice = Text(10) is { } choice ? LabelText.Find(LabelText.Choices, choice) : null,
            Defect = Text(11) is { } defect ? LabelText.Find(LabelText.Defects, defect) : null,
            Unanswered = Text(12) is { } unanswered ? LabelText.Find(LabelText.Unanswered, unanswered) : null,
            Confidence = Number(13),
            Reason = Text(14),
            Annotator = Name(15)!,
            AnnotatorKind = LabelText.Find(LabelText.Kinds, reader.GetString(16))!.Value,
            AnsweredAt = reader.IsDBNull(17) ? null : LabelText.FromMicroseconds(reader.GetInt64(17)),
            TemplateHash = Name(18),
            ResponseId = Name(19),
        };
        return new StoredLabel(label, reader.GetInt32(20), reader.GetBoolean(21), LabelText.FromMicroseconds(reader.GetInt64(22)), Name(23)!);
    }

    private string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private double? Number(int column) => reader.IsDBNull(column) ? null : reader.GetDouble(column);

    private string? Name(int column)
    {
        if (Text(column) is not { } text)
        {
            return null;
        }

        if (_names.TryGetValue(text, out string? known))
        {
            return known;
        }

        if (_names.Count >= 100_000)
        {
            _names.Clear();
        }

        _names.Add(text, text);
        return text;
    }
}
