using System.Globalization;
using Microsoft.Data.Sqlite;

namespace HaloLab.Preferences.Labels;

/// <summary>
/// The tables of a label store. <c>PRAGMA user_version</c> is the number of steps that were taken; a store of an earlier version takes the rest
/// when it is opened. A step that was published is never changed: a change is a new step.
/// </summary>
internal static class LabelSchema
{
    /// <summary><c>PRAGMA application_id</c>: "HLab".</summary>
    public const int ApplicationId = 0x484c6162;

    private static readonly string[] Steps = [Labels, ClipFiles, Acts];

    public static int Version => Steps.Length;

    /// <summary>Version 1. Whatever repeats (clips, prompts, names) stands once; a question (<see cref="LabelQuestion"/>) has one row per revision.</summary>
    private const string Labels = """
        CREATE TABLE clip (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE prompt (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE dimension (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE annotator (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, UNIQUE (name, kind)) STRICT;
        CREATE TABLE scale (id INTEGER PRIMARY KEY, worst REAL NOT NULL, best REAL NOT NULL, is_whole INTEGER NOT NULL, UNIQUE (worst, best, is_whole)) STRICT;
        CREATE TABLE template (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE response (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE batch (id INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, source TEXT NOT NULL, UNIQUE (recorded_at, source)) STRICT;
        CREATE TABLE label (
          id INTEGER PRIMARY KEY,
          question BLOB NOT NULL,
          revision INTEGER NOT NULL,
          clip INTEGER NOT NULL REFERENCES clip,
          other_clip INTEGER REFERENCES clip,
          prompt INTEGER REFERENCES prompt,
          grid TEXT,
          cell INTEGER,
          dimension INTEGER NOT NULL REFERENCES dimension,
          value REAL,
          scale INTEGER REFERENCES scale,
          choice TEXT CHECK (choice IN ('A', 'B', 'same')),
          defect TEXT,
          unanswered TEXT,
          confidence REAL,
          reason TEXT,
          annotator INTEGER NOT NULL REFERENCES annotator,
          answered_at INTEGER,
          template INTEGER REFERENCES template,
          response INTEGER REFERENCES response,
          batch INTEGER NOT NULL REFERENCES batch,
          UNIQUE (question, revision)
        ) STRICT;
        CREATE INDEX label_clip ON label (clip, dimension);
        CREATE INDEX label_other_clip ON label (other_clip) WHERE other_clip IS NOT NULL;
        CREATE INDEX label_dimension ON label (dimension);
        CREATE INDEX label_dimension_annotator ON label (dimension, annotator);
        CREATE INDEX label_annotator ON label (annotator);
        CREATE INDEX label_grid ON label (grid) WHERE grid IS NOT NULL;
        CREATE INDEX label_corrections ON label (question, revision) WHERE revision > 0;
        CREATE TRIGGER label_is_append_only_1 BEFORE UPDATE ON label BEGIN SELECT RAISE (ABORT, 'labels are append-only: write a correction'); END;
        CREATE TRIGGER label_is_append_only_2 BEFORE DELETE ON label BEGIN SELECT RAISE (ABORT, 'labels are append-only: write a correction'); END;
        CREATE VIEW labels AS
          SELECT l.id, c.name AS clip, o.name AS other_clip, p.text AS prompt, l.grid, l.cell, d.name AS dimension, l.value,
            s.worst AS scale_worst, s.best AS scale_best, s.is_whole AS scale_whole, l.choice, l.defect, l.unanswered, l.confidence, l.reason,
            a.name AS annotator, a.kind AS annotator_kind, l.answered_at, t.hash AS template_hash, r.name AS response_id, l.revision,
            NOT EXISTS (SELECT 1 FROM label n WHERE n.revision > 0 AND n.question = l.question AND n.revision = l.revision + 1) AS is_current,
            b.recorded_at, b.source
          FROM label l
          JOIN clip c ON c.id = l.clip
          LEFT JOIN clip o ON o.id = l.other_clip
          LEFT JOIN prompt p ON p.id = l.prompt
          JOIN dimension d ON d.id = l.dimension
          LEFT JOIN scale s ON s.id = l.scale
          JOIN annotator a ON a.id = l.annotator
          LEFT JOIN template t ON t.id = l.template
          LEFT JOIN response r ON r.id = l.response
          JOIN batch b ON b.id = l.batch;
        """;

    /// <summary>Version 2: which files held which clips.</summary>
    private const string ClipFiles = """
        CREATE TABLE clip_file (
          clip INTEGER NOT NULL REFERENCES clip,
          name TEXT NOT NULL,
          file_hash TEXT NOT NULL,
          prompt INTEGER REFERENCES prompt,
          UNIQUE (clip, name)
        ) STRICT;
        CREATE INDEX clip_file_hash ON clip_file (file_hash);
        """;

    /// <summary>Version 3: the names of acts that were written once and must not be written again.</summary>
    private const string Acts = """
        CREATE TABLE act (id TEXT PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batch) STRICT, WITHOUT ROWID;
        """;

    /// <summary>Makes the tables of a new store, or takes the steps that an older one lacks.</summary>
    /// <exception cref="InputException">The file is another program's, or of a later version.</exception>
    public static void Bring(SqliteConnection connection, string path)
    {
        if (Pragma(connection, "application_id") == ApplicationId && Pragma(connection, "user_version") == Version)
        {
            return;
        }

        using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
        long application = Pragma(connection, "application_id");
        long version = Pragma(connection, "user_version");
        if (application != ApplicationId && Scalar(connection, "SELECT count(*) FROM sqlite_schema") > 0)
        {
            throw new InputException($"{path}: is a SQLite database of another program. Expected a label store, or a file that is not there yet.");
        }

        if (version > Version)
        {
            throw new InputException($"{path}: is a label store of version {version}, and this HaloLab knows versions up to {Version}. Use a later HaloLab.");
        }

        for (long step = version; step < Version; step++)
        {
            Execute(connection, Steps[step]);
        }

        Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version}"));
        transaction.Commit();
    }

    private static long Pragma(SqliteConnection connection, string name) => Scalar(connection, $"PRAGMA {name}");

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
