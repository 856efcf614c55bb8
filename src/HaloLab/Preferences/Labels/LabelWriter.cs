using System.Globalization;
using Microsoft.Data.Sqlite;

namespace HaloLab.Preferences.Labels;

/// <summary>Writes labels within one transaction, with its statements prepared once.</summary>
internal sealed class LabelWriter : IDisposable
{
    /// <summary>Ids kept at hand; more clips or prompts than this are looked up again.</summary>
    private const int MostKnown = 200_000;

    private static readonly string[] Columns =
    [
        "question", "revision", "clip", "other_clip", "prompt", "grid", "cell", "dimension", "value", "scale", "choice", "defect", "unanswered",
        "confidence", "reason", "annotator", "answered_at", "template", "response", "batch",
    ];

    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _answers;
    private readonly SqliteCommand _clipFile;
    private readonly Dictionary<string, NamedRows> _tables = [];

    public LabelWriter(SqliteConnection connection)
    {
        _connection = connection;
        _insert = Prepare(
            $"INSERT INTO label ({string.Join(", ", Columns)}) VALUES ({string.Join(", ", Columns.Select(column => "$" + column))}) ON CONFLICT (question, revision) DO NOTHING", Columns);
        _answers = Prepare($"{LabelReader.Select} WHERE l.question = $question ORDER BY l.revision", "question");
        _clipFile = Prepare("INSERT INTO clip_file (clip, name, file_hash, prompt) VALUES ($clip, $name, $hash, $prompt) ON CONFLICT (clip, name) DO NOTHING", "clip", "name", "hash", "prompt");
    }

    /// <summary>What became of a label.</summary>
    public enum Outcome
    {
        Added,
        Corrected,
        Repeated,
    }

    /// <summary>Writes a label, unless the store holds it.</summary>
    /// <exception cref="InputException">It is not valid, contradicts what is there, or a revision before it is missing.</exception>
    public Outcome Add(StoredLabel stored, OnDifferentAnswer onDifferentAnswer)
    {
        Label label = stored.Label;
        label.Validate();
        byte[] question = LabelQuestion.KeyOf(label);
        if (stored.Revision == 0 && Insert(question, stored))
        {
            return Outcome.Added;
        }

        List<Label> answers = Answers(question);
        if (stored.Revision > answers.Count)
        {
            throw new InputException($"{label.QuestionText()}: is revision {stored.Revision}, and the store has {answers.Count}. Expected every revision from 0, earlier ones first.");
        }

        if (stored.Revision == answers.Count)
        {
            Insert(question, stored);
            return Outcome.Corrected;
        }

        // A restored revision is compared with its own; a new label with every answer that was ever given, so that a file can be imported again
        // after its labels were corrected.
        bool isKnown = stored.Revision > 0 || onDifferentAnswer == OnDifferentAnswer.Refuse
            ? answers.Skip(stored.Revision).Take(stored.Revision > 0 ? 1 : answers.Count).Any(label.HasSameAnswer)
            : answers[^1].HasSameAnswer(label);
        if (isKnown)
        {
            return Outcome.Repeated;
        }

        if (onDifferentAnswer == OnDifferentAnswer.Refuse)
        {
            throw new InputException(
                $"{label.QuestionText()}: is {label.AnswerText()} here, and {answers[^1].AnswerText()} in the store. Decide which is right; a correction must be said to be one (--supersede).");
        }

        Insert(question, stored with { Revision = answers.Count });
        return Outcome.Corrected;
    }

    /// <summary>Remembers a file, unless it is known.</summary>
    public void Add(ClipFile file)
    {
        SqliteParameterCollection values = _clipFile.Parameters;
        values["$clip"].Value = Id("clip", "name", file.Clip);
        values["$name"].Value = file.Name;
        values["$hash"].Value = file.FileHash;
        values["$prompt"].Value = Id("prompt", "text", file.Prompt);
        _clipFile.ExecuteNonQuery();
    }

    /// <summary>Remembers an act.</summary>
    /// <returns>Whether it is new.</returns>
    public bool AddAct(string act, string source, DateTimeOffset recordedAt)
    {
        using SqliteCommand command = Prepare("INSERT INTO act (id, batch) VALUES ($id, $batch) ON CONFLICT DO NOTHING", "id", "batch");
        command.Parameters[0].Value = act;
        command.Parameters[1].Value = Id("batch", "source, recorded_at", source, LabelText.ToMicroseconds(recordedAt));
        return command.ExecuteNonQuery() == 1;
    }

    public void Dispose()
    {
        _insert.Dispose();
        _answers.Dispose();
        _clipFile.Dispose();
        foreach (NamedRows table in _tables.Values)
        {
            table.Dispose();
        }
    }

    private List<Label> Answers(byte[] question)
    {
        _answers.Parameters[0].Value = question;
        using SqliteDataReader reader = _answers.ExecuteReader();
        LabelReader labels = new(reader);
        List<Label> answers = [];
        while (reader.Read())
        {
            answers.Add(labels.Current().Label);
        }

        return answers;
    }

    /// <returns>Whether it was written; false when this question has this revision.</returns>
    private bool Insert(byte[] question, StoredLabel stored)
    {
        Label label = stored.Label;
        SqliteParameterCollection values = _insert.Parameters;
        object?[] row =
        [
            question, stored.Revision, Id("clip", "name", label.Clip), Id("clip", "name", label.OtherClip), Id("prompt", "text", label.Prompt), label.Grid?.ToString(), label.Cell,
            Id("dimension", "name", label.Dimension), label.Value, Scale(label.Scale), label.Choice is { } choice ? LabelText.Choices[choice] : null,
            label.Defect is { } defect ? LabelText.Defects[defect] : null, label.Unanswered is { } unanswered ? LabelText.Unanswered[unanswered] : null, label.Confidence, label.Reason,
            Id("annotator", "name, kind", label.Annotator, LabelText.Kinds[label.AnnotatorKind]), label.AnsweredAt is { } time ? LabelText.ToMicroseconds(time) : null,
            Id("template", "hash", label.TemplateHash), Id("response", "name", label.ResponseId),
            Id("batch", "source, recorded_at", stored.Source, LabelText.ToMicroseconds(stored.RecordedAt)),
        ];
        for (int i = 0; i < row.Length; i++)
        {
            values[i].Value = row[i] ?? DBNull.Value;
        }

        return _insert.ExecuteNonQuery() == 1;
    }

    private object Scale(RatingScale? scale) => scale is { } ends ? Id("scale", "worst, best, is_whole", ends.Worst, ends.Best, ends.IsWhole ? 1 : 0) : DBNull.Value;

    /// <summary>The id of a row in a table of names, made when it is not there; nothing for a missing name.</summary>
    private object Id(string table, string columns, params ReadOnlySpan<object?> values)
    {
        if (values[0] is null)
        {
            return DBNull.Value;
        }

        if (!_tables.TryGetValue(table, out NamedRows? rows))
        {
            rows = new NamedRows(this, table, columns.Split(", "));
            _tables.Add(table, rows);
        }

        return rows.Id(values);
    }

    private SqliteCommand Prepare(string text, params IEnumerable<string> parameters)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = text;
        foreach (string parameter in parameters)
        {
            command.Parameters.Add(new SqliteParameter("$" + parameter, DBNull.Value));
        }

        return command;
    }

    /// <summary>A table that gives each name, or combination of values, an id.</summary>
    private sealed class NamedRows : IDisposable
    {
        private readonly Dictionary<string, long> _known = new(StringComparer.Ordinal);
        private readonly SqliteCommand _insert;
        private readonly SqliteCommand _select;

        // Annotator, scale and source are mostly those of the label before.
        private object?[] _lastValues = [];
        private long _lastId;

        public NamedRows(LabelWriter writer, string table, string[] columns)
        {
            _insert = writer.Prepare($"INSERT INTO {table} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(column => "$" + column))}) ON CONFLICT DO NOTHING", columns);
            _select = writer.Prepare($"SELECT id FROM {table} WHERE {string.Join(" AND ", columns.Select(column => $"{column} = ${column}"))}", columns);
        }

        public long Id(ReadOnlySpan<object?> values)
        {
            if (IsLast(values))
            {
                return _lastId;
            }

            string key = values.Length == 1 ? (string)values[0]! : string.Join('\n', values.ToArray().Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)));
            _lastValues = values.ToArray();
            if (_known.TryGetValue(key, out _lastId))
            {
                return _lastId;
            }

            for (int i = 0; i < values.Length; i++)
            {
                _insert.Parameters[i].Value = _select.Parameters[i].Value = values[i];
            }

            if (_select.ExecuteScalar() is not long id)
            {
                _insert.ExecuteNonQuery();
                id = (long)_select.ExecuteScalar()!;
            }

            if (_known.Count >= MostKnown)
            {
                _known.Clear();
            }

            _known.Add(key, id);
            return _lastId = id;
        }

        public void Dispose()
        {
            _insert.Dispose();
            _select.Dispose();
        }

        private bool IsLast(ReadOnlySpan<object?> values)
        {
            bool isLast = values.Length == _lastValues.Length;
            for (int i = 0; isLast && i < values.Length; i++)
            {
                isLast = Equals(values[i], _lastValues[i]);
            }

            return isLast;
        }
    }
}
