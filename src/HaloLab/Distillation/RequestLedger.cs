using System.Globalization;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace HaloLab.Distillation;

/// <summary>
/// The account of every attempt at every request, with every raw response, in one SQLite file. An attempt is on the disk with its reserved cost before it is
/// sent; its response is on the disk before anybody reads it. An attempt that never ended (a kill, a lost connection) stays charged at its reservation.
/// </summary>
/// <remarks>
/// SQLite rather than a file of lines: responses are found by key without reading them all, a half-written record cannot be seen, and a reviewer can ask it
/// questions. Every commit is flushed to the disk (WAL, synchronous = FULL); what many requests write at the same time shares one flush, by one writer.
/// Dollars are stored as whole billionths, in which every list price per token is exact.
/// </remarks>
public sealed class RequestLedger : IAsyncDisposable
{
    private const int SchemaVersion = 1;
    private const decimal Billionth = 1e9m;

    private const string Schema = """
        CREATE TABLE attempts (
            attempt INTEGER PRIMARY KEY,
            key TEXT NOT NULL,
            started TEXT NOT NULL,
            reserved INTEGER NOT NULL,
            committed INTEGER NOT NULL,
            budget INTEGER NOT NULL,
            ended TEXT,
            outcome TEXT,
            charged INTEGER,
            status INTEGER,
            snapshot TEXT,
            input_tokens INTEGER,
            cached_tokens INTEGER,
            output_tokens INTEGER,
            response BLOB
        ) STRICT;
        CREATE INDEX attempts_by_key ON attempts (key);
        CREATE TABLE requests (key TEXT PRIMARY KEY, description TEXT NOT NULL) STRICT, WITHOUT ROWID;
        """;

    private readonly SqliteConnection _connection;
    private readonly SqliteConnection _reader;
    private readonly Lock _readerLock = new();
    private readonly Lock _account = new();
    private readonly Channel<Entry> _entries = Channel.CreateUnbounded<Entry>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Dictionary<long, decimal> _inFlight = [];
    private readonly Task _writer;
    private long _lastAttempt;
    private TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RequestLedger(SqliteConnection connection, SqliteConnection reader, decimal budget)
    {
        _connection = connection;
        _reader = reader;
        Budget = budget;
        _lastAttempt = Convert.ToInt64(Scalar("SELECT coalesce(max(attempt), 0) FROM attempts"), CultureInfo.InvariantCulture);
        Spent = Convert.ToInt64(Scalar("SELECT coalesce(sum(coalesce(charged, reserved)), 0) FROM attempts"), CultureInfo.InvariantCulture) / Billionth;
        Snapshot = Scalar("SELECT snapshot FROM attempts WHERE outcome = 'Answered' ORDER BY attempt LIMIT 1") as string;
        _writer = Task.Run(WriteAsync);
    }

    /// <summary>Dollars that spent and reserved together never exceed.</summary>
    public decimal Budget { get; }

    /// <summary>Dollars charged: the service's count where it gave one, the reservation where an attempt ended without, or never.</summary>
    public decimal Spent { get; private set; }

    /// <summary>Dollars reserved by attempts in flight.</summary>
    public decimal Reserved { get; private set; }

    /// <summary>The snapshot of the model that gave the first answer; null before it.</summary>
    public string? Snapshot { get; private set; }

    /// <summary>Attempts ever made.</summary>
    public long Attempts
    {
        get
        {
            lock (_account)
            {
                return _lastAttempt;
            }
        }
    }

    /// <summary>Opens or makes the file.</summary>
    /// <exception cref="InputException">It is no ledger, of another version, or cannot be written.</exception>
    public static RequestLedger Open(string path, decimal budget)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            SqliteConnection connection = Connect(path, SqliteOpenMode.ReadWriteCreate);
            Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;");
            long version = (long)Scalar(connection, "PRAGMA user_version")!;
            if (version == 0 && (long)Scalar(connection, "SELECT count(*) FROM sqlite_master")! == 0)
            {
                using SqliteTransaction transaction = connection.BeginTransaction();
                Execute(connection, Schema + $"PRAGMA user_version = {SchemaVersion};", transaction);
                transaction.Commit();
            }
            else if (version != SchemaVersion)
            {
                connection.Dispose();
                throw new InputException($"{path}: is a ledger of version {version}, this program reads version {SchemaVersion}. Use the program that wrote it, or another folder.");
            }

            return new RequestLedger(connection, Connect(path, SqliteOpenMode.ReadOnly), budget);
        }
        catch (Exception exception) when (exception is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be used as a ledger ({exception.Message}). Give a folder that you may write to, or one that `halolab label` made.", exception);
        }
    }

    /// <summary>Records the intent to send and its reserved cost; when the task ends it is on the disk.</summary>
    /// <param name="key">The request.</param>
    /// <param name="description">What determined it, as JSON.</param>
    /// <param name="amount">The most that the attempt can cost.</param>
    /// <param name="cancellation">Stops waiting for money.</param>
    /// <returns>Number of the attempt, or null when the budget does not hold it and no attempt in flight can give money back.</returns>
    public async Task<long?> ReserveAsync(string key, string description, decimal amount, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        while (true)
        {
            (Entry Entry, long Attempt)? reservation = null;
            Task settled;
            lock (_account)
            {
                decimal committed = Spent + Reserved + amount;
                if (committed <= Budget)
                {
                    Reserved += amount;
                    long attempt = ++_lastAttempt;
                    _inFlight.Add(attempt, amount);
                    Entry entry = new(command =>
                    {
                        command.CommandText = "INSERT OR IGNORE INTO requests (key, description) VALUES ($key, $description); INSERT INTO attempts (attempt, key, started, reserved, committed, budget) VALUES ($attempt, $key, $started, $reserved, $committed, $budget)";
                        Add(command, "$attempt", attempt);
                        Add(command, "$key", key);
                        Add(command, "$description", description);
                        Add(command, "$started", Text(DateTimeOffset.UtcNow));
                        Add(command, "$reserved", Units(amount));
                        Add(command, "$committed", Units(committed));
                        Add(command, "$budget", Units(Budget));
                    });
                    _entries.Writer.TryWrite(entry);
                    reservation = (entry, attempt);
                }
                else if (_inFlight.Count == 0)
                {
                    return null;
                }

                settled = _settled.Task;
            }

            if (reservation is { } made)
            {
                await made.Entry.Written.Task.ConfigureAwait(false);
                return made.Attempt;
            }

            await settled.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Records how an attempt ended; when the task ends it is on the disk.</summary>
    /// <returns>When it ended, as recorded.</returns>
    public async Task<DateTimeOffset> SettleAsync(long attempt, AttemptEnd end)
    {
        ArgumentNullException.ThrowIfNull(end);
        DateTimeOffset ended = DateTimeOffset.UtcNow;
        Entry entry;
        lock (_account)
        {
            decimal reserved = _inFlight[attempt];
            decimal charged = end.Charged ?? reserved;
            entry = new(command =>
            {
                command.CommandText = "UPDATE attempts SET ended = $ended, outcome = $outcome, charged = $charged, status = $status, snapshot = $snapshot, input_tokens = $input, cached_tokens = $cached, output_tokens = $output, response = $response WHERE attempt = $attempt";
                Add(command, "$attempt", attempt);
                Add(command, "$ended", Text(ended));
                Add(command, "$outcome", end.Outcome.ToString());
                Add(command, "$charged", Units(charged));
                Add(command, "$status", end.Status);
                Add(command, "$snapshot", end.Snapshot);
                Add(command, "$input", end.InputTokens);
                Add(command, "$cached", end.CachedTokens);
                Add(command, "$output", end.OutputTokens);
                Add(command, "$response", end.Response);
            });
            _entries.Writer.TryWrite(entry);
        }

        await entry.Written.Task.ConfigureAwait(false);
        TaskCompletionSource settled;
        lock (_account)
        {
            // Money is free again only when the disk says so: after a kill the reservation would count.
            decimal reserved = _inFlight[attempt];
            _inFlight.Remove(attempt);
            Reserved -= reserved;
            Spent += end.Charged ?? reserved;
            if (end.Outcome == AttemptOutcome.Answered)
            {
                Snapshot ??= end.Snapshot;
            }

            settled = _settled;
            _settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        settled.SetResult();
        return ended;
    }

    /// <summary>
    /// Whether an answer by this snapshot may be used: the first one decides for the folder. Two answers that come at once cannot both be first.
    /// </summary>
    public bool Accepts(string? snapshot)
    {
        lock (_account)
        {
            Snapshot ??= snapshot;
            return snapshot is null || Snapshot == snapshot;
        }
    }

    /// <summary>All responses to a request with a body, in the order of the attempts.</summary>
    public IReadOnlyList<StoredResponse> ResponsesTo(string key)
    {
        List<StoredResponse> responses = [];
        lock (_readerLock)
        {
            using SqliteCommand command = _reader.CreateCommand();
            command.CommandText = "SELECT attempt, outcome, status, response, ended FROM attempts WHERE key = $key AND response IS NOT NULL AND status IS NOT NULL ORDER BY attempt";
            Add(command, "$key", key);
            using SqliteDataReader rows = command.ExecuteReader();
            while (rows.Read())
            {
                responses.Add(new StoredResponse(
                    rows.GetInt64(0),
                    Enum.Parse<AttemptOutcome>(rows.GetString(1)),
                    rows.GetInt32(2),
                    rows.GetFieldValue<byte[]>(3),
                    DateTimeOffset.Parse(rows.GetString(4), CultureInfo.InvariantCulture)));
            }
        }

        return responses;
    }

    /// <summary>Number of attempts by how they ended; those that never did as <c>Unfinished</c>.</summary>
    public IReadOnlyDictionary<string, long> Outcomes()
    {
        SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
        lock (_readerLock)
        {
            using SqliteCommand command = _reader.CreateCommand();
            command.CommandText = "SELECT coalesce(outcome, 'Unfinished'), count(*) FROM attempts GROUP BY 1";
            using SqliteDataReader rows = command.ExecuteReader();
            while (rows.Read())
            {
                counts.Add(rows.GetString(0), rows.GetInt64(1));
            }
        }

        return counts;
    }

    public async ValueTask DisposeAsync()
    {
        _entries.Writer.TryComplete();
        await _writer.ConfigureAwait(false);
        await _reader.DisposeAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private async Task WriteAsync()
    {
        List<Entry> batch = [];
        while (await _entries.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            batch.Clear();
            while (_entries.Reader.TryRead(out Entry? entry))
            {
                batch.Add(entry);
            }

            try
            {
                using SqliteTransaction transaction = _connection.BeginTransaction();
                foreach (Entry entry in batch)
                {
                    using SqliteCommand command = _connection.CreateCommand();
                    command.Transaction = transaction;
                    entry.Fill(command);
                    command.ExecuteNonQuery();
                }

                transaction.Commit();
                batch.ForEach(entry => entry.Written.SetResult());
            }
            catch (SqliteException exception)
            {
                InputException error = new($"{_connection.DataSource}: the ledger cannot be written ({exception.Message}). Nothing more is sent; make room on the disk and run the same command again.", exception);
                batch.ForEach(entry => entry.Written.SetException(error));
            }
        }
    }

    private object? Scalar(string text) => Scalar(_connection, text);

    private static object? Scalar(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = text;
        return command.ExecuteScalar();
    }

    private static void Execute(SqliteConnection connection, string text, SqliteTransaction? transaction = null)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static void Add(SqliteCommand command, string name, object? value) => command.Parameters.AddWithValue(name, value ?? DBNull.Value);

    private static string Text(DateTimeOffset time) => time.ToString("O", CultureInfo.InvariantCulture);

    /// <summary>Whole billionths, rounded up: the ledger never says less than was charged.</summary>
    private static long Units(decimal dollars) => (long)Math.Ceiling(dollars * Billionth);

    private sealed record Entry(Action<SqliteCommand> Fill)
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
