using Microsoft.Data.Sqlite;

namespace HaloLab.Preferences.Labels;

/// <summary>
/// Labels in one SQLite file (DESIGN D5). Append-only: a label is never changed or removed; a different answer to the same question is refused, or
/// written as a correction that supersedes it. Writing the same label again writes nothing. What one call writes is written whole or not at all, and
/// is on the disk when it returns.
/// </summary>
/// <remarks>
/// Threads and processes may share a store: one writes at a time, the others wait (half a minute at most), and readers see the store as it was when
/// they began. The view <c>labels</c> gives other programs one row a label; docs/labels.md describes it.
/// </remarks>
public sealed class LabelStore : IDisposable
{
    private const int BusySeconds = 30;
    private readonly Lock _writing = new();
    private readonly SqliteConnection _connection;

    private LabelStore(string path)
    {
        Path = path;
        _connection = Connect(path);
    }

    /// <summary>Where the store lies.</summary>
    public string Path { get; }

    /// <summary>Opens a store; one of an earlier version is brought to this one.</summary>
    /// <exception cref="InputException">There is none, it is none, or it is of a later version.</exception>
    public static LabelStore Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return File.Exists(path) ? new LabelStore(path) : throw new InputException($"{path}: no such label store. Give the path of one, or make one: halolab data import FILE --store {path}");
    }

    /// <summary>Opens a store, making it where there is none.</summary>
    /// <exception cref="InputException">The file is no label store, is of a later version, or cannot be made.</exception>
    public static LabelStore OpenOrCreate(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be made ({exception.Message}). Give a path that you may write to.", exception);
        }

        return new LabelStore(path);
    }

    /// <summary>Writes labels in one transaction.</summary>
    /// <param name="labels">May come one by one: nothing is kept in memory.</param>
    /// <param name="source">Where they come from: a file, a run, an annotation session.</param>
    /// <param name="onDifferentAnswer">What becomes of a different answer to a question that has one.</param>
    /// <exception cref="InputException">A label is not valid, or contradicts what is there; nothing was written.</exception>
    public AppendResult Append(IEnumerable<Label> labels, string source, OnDifferentAnswer onDifferentAnswer = OnDifferentAnswer.Refuse)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentException.ThrowIfNullOrEmpty(source);
        DateTimeOffset now = LabelText.FromMicroseconds(LabelText.ToMicroseconds(TimeProvider.System.GetUtcNow()));
        return Write(labels.Select(label => new StoredLabel(label, 0, true, now, source)), onDifferentAnswer);
    }

    /// <summary>
    /// Writes the labels of one act in one transaction, as corrections where the questions have other answers, unless the act was written before: for
    /// writers that cannot know whether their last write arrived and say it again under its name.
    /// </summary>
    /// <param name="act">The name of the act; no two acts share one.</param>
    /// <param name="labels">May be none.</param>
    /// <param name="source">Where they come from.</param>
    /// <returns>What was written, or null where the act was written before; then nothing is.</returns>
    /// <exception cref="InputException">A label is not valid; neither labels nor act were written.</exception>
    public AppendResult? AppendOnce(string act, IEnumerable<Label> labels, string source)
    {
        ArgumentException.ThrowIfNullOrEmpty(act);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentException.ThrowIfNullOrEmpty(source);
        DateTimeOffset now = LabelText.FromMicroseconds(LabelText.ToMicroseconds(TimeProvider.System.GetUtcNow()));
        return Write(labels.Select(label => new StoredLabel(label, 0, true, now, source)), OnDifferentAnswer.Supersede, writer => writer.AddAct(act, source, now));
    }

    /// <summary>
    /// Writes labels as another store held them, in one transaction: with their revisions, times and sources. Of each question the earlier revisions must
    /// come first.
    /// </summary>
    /// <exception cref="InputException">As for <see cref="Append"/>, or a revision before a label is missing.</exception>
    public AppendResult Restore(IEnumerable<StoredLabel> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return Write(labels, OnDifferentAnswer.Refuse);
    }

    /// <summary>Remembers which files hold which clips. What is known already stays as it is.</summary>
    public void AddClips(IEnumerable<ClipFile> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        lock (_writing)
        {
            Guard(() =>
            {
                using SqliteTransaction transaction = _connection.BeginTransaction();
                using LabelWriter writer = new(_connection);
                foreach (ClipFile file in files)
                {
                    writer.Add(file);
                }

                transaction.Commit();
            });
        }
    }

    /// <summary>The clip in a file of this hash, or null where the file was not met.</summary>
    public string? FindClip(string fileHash)
    {
        using SqliteConnection connection = Connect(Path);
        using SqliteCommand command = Command(connection, "SELECT c.name FROM clip_file f JOIN clip c ON c.id = f.clip WHERE f.file_hash = $hash LIMIT 1", ("$hash", fileHash));
        return Guard(command.ExecuteScalar) as string;
    }

    /// <summary>Every file that was met, in the order of meeting.</summary>
    public IEnumerable<ClipFile> ReadClips()
    {
        using SqliteConnection connection = Connect(Path);
        using SqliteCommand command = Command(
            connection,
            "SELECT c.name, f.name, f.file_hash, p.text FROM clip_file f JOIN clip c ON c.id = f.clip LEFT JOIN prompt p ON p.id = f.prompt ORDER BY f.rowid");
        using SqliteDataReader reader = Guard(command.ExecuteReader);
        while (Guard(reader.Read))
        {
            yield return new ClipFile(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetString(3));
        }
    }

    /// <summary>Reads labels in the order in which they were written.</summary>
    public IEnumerable<StoredLabel> Read(LabelQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        using SqliteConnection connection = Connect(Path);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"{LabelReader.Select} WHERE {Restrict(command, query)}{(query.WithSuperseded ? "" : $" AND {LabelReader.IsCurrent}")} ORDER BY l.id";
        using SqliteDataReader reader = Guard(command.ExecuteReader);
        LabelReader labels = new(reader);
        while (Guard(reader.Read))
        {
            yield return labels.Current();
        }
    }

    /// <summary>How many labels <see cref="Read"/> would give.</summary>
    public long Count(LabelQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        using SqliteConnection connection = Connect(Path);
        long all = Count(connection, query, "", "");

        // Every correction supersedes one label of the same question, and a question's clip, dimension, annotator and grid are the same in each. A
        // clip has few labels; of all others corrections are fewer.
        return query.WithSuperseded || all == 0 ? all
            : all - (query.Clip is null ? Count(connection, query, " INDEXED BY label_corrections", " AND l.revision > 0") : Count(connection, query, "", " AND +l.revision > 0"));
    }

    /// <summary>Current labels by dimension and annotator, in the order of their names.</summary>
    public IReadOnlyList<LabelCount> Counts()
    {
        using SqliteConnection connection = Connect(Path);
        using SqliteCommand command = Command(connection, """
            SELECT d.name, a.name, a.kind, g.total - coalesce(s.total, 0) AS current
            FROM (SELECT dimension, annotator, count(*) AS total FROM label GROUP BY dimension, annotator) g
            LEFT JOIN (SELECT dimension, annotator, count(*) AS total FROM label INDEXED BY label_corrections WHERE revision > 0 GROUP BY dimension, annotator) s
              ON s.dimension = g.dimension AND s.annotator = g.annotator
            JOIN dimension d ON d.id = g.dimension
            JOIN annotator a ON a.id = g.annotator
            ORDER BY d.name, a.name, a.kind
            """);
        using SqliteDataReader reader = Guard(command.ExecuteReader);
        List<LabelCount> counts = [];
        while (Guard(reader.Read))
        {
            counts.Add(new LabelCount(reader.GetString(0), reader.GetString(1), LabelText.Find(LabelText.Kinds, reader.GetString(2))!.Value, reader.GetInt64(3)));
        }

        return counts;
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    /// <summary>Writes labels with what is known of their recording.</summary>
    internal AppendResult Write(IEnumerable<StoredLabel> labels, OnDifferentAnswer onDifferentAnswer) => Write(labels, onDifferentAnswer, _ => true)!.Value;

    /// <param name="labels">What to write.</param>
    /// <param name="onDifferentAnswer">What becomes of a different answer.</param>
    /// <param name="begins">Asked within the transaction; where it says no, nothing is written and the result is null.</param>
    private AppendResult? Write(IEnumerable<StoredLabel> labels, OnDifferentAnswer onDifferentAnswer, Func<LabelWriter, bool> begins)
    {
        lock (_writing)
        {
            return Guard(() =>
            {
                using SqliteTransaction transaction = _connection.BeginTransaction();
                using LabelWriter writer = new(_connection);
                if (!begins(writer))
                {
                    return (AppendResult?)null;
                }

                AppendResult result = default;
                foreach (StoredLabel label in labels)
                {
                    result = writer.Add(label, onDifferentAnswer) switch
                    {
                        LabelWriter.Outcome.Added => result with { Added = result.Added + 1 },
                        LabelWriter.Outcome.Corrected => result with { Corrected = result.Corrected + 1 },
                        _ => result with { Repeated = result.Repeated + 1 },
                    };
                }

                transaction.Commit();
                return result;
            });
        }
    }

    private long Count(SqliteConnection connection, LabelQuery query, string index, string also)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM label l{index} WHERE {Restrict(command, query, index.Length > 0)}{also}";
        return (long)Guard(command.ExecuteScalar)!;
    }

    /// <summary>
    /// The conditions of a query on <c>label l</c>, by ids that are looked up once. The narrowest of them (clip, then dimension, annotator, grid) chooses the index; a plus
    /// before a column keeps SQLite, which does not know how many labels a grid or an annotator has, from choosing another.
    /// </summary>
    private static string Restrict(SqliteCommand command, LabelQuery query, bool hasIndex = false)
    {
        List<string> conditions = ["TRUE"];
        string plus = hasIndex ? "+" : "";
        void Add(string condition, string name, string? value)
        {
            if (value is not null)
            {
                conditions.Add(condition);
                command.Parameters.AddWithValue(name, value);
            }
        }

        Add($"({plus}l.clip = (SELECT id FROM clip WHERE name = $clip) OR {plus}l.other_clip = (SELECT id FROM clip WHERE name = $clip))", "$clip", query.Clip);
        plus = query.Clip is null ? plus : "+";
        Add($"{plus}l.dimension = (SELECT id FROM dimension WHERE name = $dimension)", "$dimension", query.Dimension);

        // Dimension and annotator have an index together. Of one annotator's labels SQLite knows that they stand in order there, of several annotators' not; and mostly
        // a name is one annotator.
        if (query.Annotator is not null)
        {
            conditions.Add($"{plus}l.annotator IN ({string.Join(", ", AnnotatorIds(command.Connection!, query.Annotator))})");
        }

        plus = query.Dimension is null && query.Annotator is null ? plus : "+";
        Add($"{plus}l.grid = $grid", "$grid", query.Grid?.ToString());
        return string.Join(" AND ", conditions);
    }

    /// <summary>The ids of a name: one for each kind of annotator that has it.</summary>
    private static List<long> AnnotatorIds(SqliteConnection connection, string name)
    {
        using SqliteCommand command = Command(connection, "SELECT id FROM annotator WHERE name = $name", ("$name", name));
        using SqliteDataReader reader = command.ExecuteReader();
        List<long> ids = [];
        while (reader.Read())
        {
            ids.Add(reader.GetInt64(0));
        }

        return ids;
    }

    private static SqliteCommand Command(SqliteConnection connection, string text, params (string Name, object Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private static SqliteConnection Connect(string path)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = BusySeconds, ForeignKeys = true }.ConnectionString);
        try
        {
            Guard(path, () =>
            {
                connection.Open();
                LabelSchema.Bring(connection, path);

                // The cache is in KiB: the index of a million questions stays in memory while they are written.
                using SqliteCommand settings = Command(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536");
                settings.ExecuteNonQuery();
                return 0;
            });
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Guard(Action work) => Guard(() =>
    {
        work();
        return 0;
    });

    private T Guard<T>(Func<T> work) => Guard(Path, work);

    /// <summary>What SQLite says about the file is the user's to mend; what it says about our statements is ours.</summary>
    private static T Guard<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException exception) when (Advice(exception.SqliteErrorCode) is { } advice)
        {
            throw new InputException($"{path}: {exception.Message.TrimEnd('.')}. {advice}", exception);
        }
    }

    private static string? Advice(int code) => code switch
    {
        SQLitePCL.raw.SQLITE_NOTADB => "The file is no label store. Expected one, or a file that is not there yet.",
        SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => "Another process is writing to the store: wait for it, then try again.",
        SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM => "Give a path that you may read and write to.",
        SQLitePCL.raw.SQLITE_FULL => "The disk is full: nothing of this was written. Make room, then try again.",
        SQLitePCL.raw.SQLITE_IOERR => "The disk could not be read or written.",
        SQLitePCL.raw.SQLITE_CORRUPT => "The file is damaged: restore it from a copy or from an export.",
        _ => null,
    };
}
