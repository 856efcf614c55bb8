using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace HaloLab.Preferences.PublicData;

/// <summary>
/// Fetches public data into a folder: each file in <c>NAME.partial</c> first, which a later call goes on with, then checked and renamed. What was
/// received, with its hashes, stands in <c>received.json</c>.
/// </summary>
public sealed class DataDownload : IDisposable
{
    /// <summary>The list of what a folder received.</summary>
    public const string ReceivedList = "received.json";

    /// <summary>Tries in a row that bring no byte before it gives up.</summary>
    private const int FruitlessTries = 4;

    private static readonly JsonSerializerOptions Format = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
    private readonly HttpClient _client;
    private readonly TimeSpan _firstWait;

    public DataDownload()
        : this(TimeSpan.FromSeconds(1))
    {
    }

    /// <param name="firstWait">Wait after the first fruitless try; it doubles with each.</param>
    internal DataDownload(TimeSpan firstWait)
    {
        _firstWait = firstWait;
        _client = new HttpClient(new SocketsHttpHandler { MaxAutomaticRedirections = 10, ConnectTimeout = TimeSpan.FromSeconds(30), AutomaticDecompression = DecompressionMethods.None }) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("HaloLab", null));
    }

    /// <summary>How long a connection may be silent.</summary>
    internal TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Fetches a source, or checks what is there.</summary>
    /// <param name="source">What to fetch.</param>
    /// <param name="folder">Where to, made when needed; files that are there and right are left alone.</param>
    /// <param name="from">A folder that holds the files already: nothing is downloaded then.</param>
    /// <param name="advanced">Told the share of the present file, by its name.</param>
    /// <param name="cancellation">Stops it; the next call goes on where it stopped.</param>
    /// <returns>What lies in the folder.</returns>
    /// <exception cref="InputException">A file cannot be had, or is not what the list says.</exception>
    public async Task<IReadOnlyList<ReceivedFile>> GetAsync(DataSource source, string folder, string? from, Action<string, double>? advanced, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(folder);
        string listPath = Path.Combine(folder, ReceivedList);
        Dictionary<string, ReceivedFile> received = ReadReceived(listPath).ToDictionary(file => file.Name);
        foreach (DataSourceFile file in source.Files)
        {
            string target = Path.Combine(folder, Path.Combine(file.Name.Split('/')));
            string? expected = file.Sha256 ?? received.GetValueOrDefault(file.Name)?.Sha256;
            if (File.Exists(target))
            {
                received[file.Name] = CheckPresent(file, target, expected, received.GetValueOrDefault(file.Name));
            }
            else
            {
                CreateFolder(Path.GetDirectoryName(target)!);
                string partial = target + ".partial";
                if (from is not null)
                {
                    Copy(file, from, partial);
                }
                else
                {
                    await DownloadAsync(file, partial, share => advanced?.Invoke(file.Name, share), cancellation).ConfigureAwait(false);
                }

                received[file.Name] = Accept(file, partial, target, expected, from);
            }

            AtomicFile.WriteAllText(listPath, JsonSerializer.Serialize(source.Files.Where(item => received.ContainsKey(item.Name)).Select(item => received[item.Name]), Format) + "\n");
        }

        return [.. source.Files.Select(file => received[file.Name])];
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static ReceivedFile[] ReadReceived(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<ReceivedFile[]>(File.ReadAllText(path), Format) ?? [] : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new InputException($"{path}: cannot be read ({exception.Message}). Delete it; the hashes of files that are listed with theirs are checked all the same.", exception);
        }
    }

    private static ReceivedFile CheckPresent(DataSourceFile file, string target, string? expected, ReceivedFile? received)
    {
        string hash = FileHash.Of(target);
        return expected is null || hash == expected
            ? received ?? new ReceivedFile(file.Name, file.Address, new FileInfo(target).Length, hash, file.Sha256 is not null, TimeProvider.System.GetUtcNow())
            : throw new InputException($"{target}: its SHA-256 is {hash}, expected {expected}. Something changed it; delete it to fetch it again.");
    }

    /// <summary>Checks a whole file and gives it its name.</summary>
    private static ReceivedFile Accept(DataSourceFile file, string partial, string target, string? expected, string? from)
    {
        long size = new FileInfo(partial).Length;
        string hash = FileHash.Of(partial);
        string? wrong = file.Size is { } listed && size != listed ? string.Create(CultureInfo.InvariantCulture, $"has {size} bytes, expected {listed}")
            : expected is not null && hash != expected ? $"has the SHA-256 {hash}, expected {expected}"
            : null;
        if (wrong is not null)
        {
            File.Delete(partial);
            File.Delete(Marker(partial));
            throw new InputException(from is null
                ? $"{file.Address}: the file {wrong}. What is published there is not what is listed; nothing was kept. Look at its homepage, and get the right file another way: --from FOLDER"
                : $"{Path.Combine(from, file.Name)}: {wrong}. Give a folder with the files as they are published.");
        }

        File.Move(partial, target);
        File.Delete(Marker(partial));
        return new ReceivedFile(file.Name, file.Address, size, hash, file.Sha256 is not null, TimeProvider.System.GetUtcNow());
    }

    private static void Copy(DataSourceFile file, string from, string partial)
    {
        string path = Path.Combine(from, Path.Combine(file.Name.Split('/')));
        try
        {
            File.Copy(path, partial, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be copied ({exception.Message}). Expected the file '{file.Name}' in the folder given with --from.", exception);
        }
    }

    private async Task DownloadAsync(DataSourceFile file, string partial, Action<double> advanced, CancellationToken cancellation)
    {
        TimeSpan wait = _firstWait;
        for (int fruitless = 0; ;)
        {
            long before = Length(partial);
            string trouble;
            try
            {
                if (await TryAsync(file, partial, advanced, cancellation).ConfigureAwait(false) is not { } said)
                {
                    return;
                }

                trouble = said;
            }
            catch (Exception exception) when (exception is HttpRequestException or HttpIOException or TimeoutException)
            {
                trouble = exception.Message;
            }

            if (Length(partial) > before)
            {
                (fruitless, wait) = (0, _firstWait);
            }
            else if (++fruitless >= FruitlessTries)
            {
                throw new InputException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{file.Address}: the download stopped after {Length(partial)} bytes ({trouble}). The same command goes on from there; without a connection, give a folder that has the file: --from FOLDER"));
            }

            await Task.Delay(wait, cancellation).ConfigureAwait(false);
            wait *= 2;
        }
    }

    /// <summary>One request, from where the partial file ends.</summary>
    /// <returns>Null when the file is whole, else what went wrong and may go right next time.</returns>
    private async Task<string?> TryAsync(DataSourceFile file, string partial, Action<double> advanced, CancellationToken cancellation)
    {
        long have = Length(partial);
        if (file.Size is { } size && have >= size)
        {
            // Too long can only be wrong; just right is checked by its hash.
            return null;
        }

        using HttpRequestMessage request = new(HttpMethod.Get, file.Address);
        if (have > 0)
        {
            request.Headers.Range = new RangeHeaderValue(have, null);
            if (File.Exists(Marker(partial)) && EntityTagHeaderValue.TryParse(await File.ReadAllTextAsync(Marker(partial), cancellation).ConfigureAwait(false), out EntityTagHeaderValue? tag))
            {
                request.Headers.IfRange = new RangeConditionHeaderValue(tag);
            }
        }

        using CancellationTokenSource silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        silence.CancelAfter(Silence);
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                // The file there ends where this one does, or before: whole, or another file.
                if (response.Content.Headers.ContentRange?.Length == have)
                {
                    return null;
                }

                File.Delete(partial);
                return "the file there is shorter than what was fetched of it";
            }

            if (!response.IsSuccessStatusCode)
            {
                return (int)response.StatusCode is 408 or 429 or >= 500
                    ? Status(response)
                    : throw new InputException($"{file.Address}: the server answers {Status(response)}. The file has moved or needs a login: look at its homepage, get it another way, and give its folder: --from FOLDER");
            }

            bool goesOn = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == have;
            if (response.StatusCode == HttpStatusCode.PartialContent && !goesOn)
            {
                File.Delete(partial);
                return "the server sent another part than was asked for";
            }

            long start = goesOn ? have : 0;
            long? total = response.Content.Headers.ContentLength is { } length ? start + length : null;
            if (file.Size is { } listed && total is { } offered && offered != listed)
            {
                throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{file.Address}: the server offers {offered} bytes, expected {listed}. What is published there is not what is listed: look at its homepage, and get the right file another way: --from FOLDER"));
            }

            if (response.Headers.ETag is { IsWeak: false } entity)
            {
                await File.WriteAllTextAsync(Marker(partial), entity.ToString(), cancellation).ConfigureAwait(false);
            }
            else
            {
                File.Delete(Marker(partial));
            }

            long end = await ReceiveAsync(response, partial, start, total ?? file.Size, advanced, silence).ConfigureAwait(false);
            return total is { } expected && end < expected ? "the connection ended early" : null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"nothing came for {Silence.TotalSeconds} s"));
        }
    }

    private async Task<long> ReceiveAsync(HttpResponseMessage response, string partial, long start, long? total, Action<double> advanced, CancellationTokenSource silence)
    {
        await using Stream body = await response.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false);
        await using FileStream stream = OpenPartial(partial, start);
        byte[] buffer = new byte[1 << 17];
        while (true)
        {
            int read = await body.ReadAsync(buffer, silence.Token).ConfigureAwait(false);
            if (read == 0)
            {
                return stream.Position;
            }

            silence.CancelAfter(Silence);
            try
            {
                stream.Write(buffer, 0, read);
                stream.Flush();
            }
            catch (IOException exception)
            {
                throw new InputException($"{partial}: cannot be written ({exception.Message}). Make room on the disk; the same command goes on from here.", exception);
            }

            if (total is { } all)
            {
                advanced(Math.Min(1, (double)stream.Position / all));
            }
        }
    }

    private static FileStream OpenPartial(string partial, long start)
    {
        try
        {
            FileStream stream = new(partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1);
            stream.SetLength(start);
            stream.Position = start;
            return stream;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{partial}: cannot be written ({exception.Message}). Give --out a folder that you may write to, and that no other download uses.", exception);
        }
    }

    private static void CreateFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be made ({exception.Message}). Give --out a folder that you may write to.", exception);
        }
    }

    private static string Status(HttpResponseMessage response) => string.Create(CultureInfo.InvariantCulture, $"{(int)response.StatusCode} {response.ReasonPhrase}");

    /// <summary>Holds the entity tag of what is being fetched, so that two versions are never joined.</summary>
    private static string Marker(string partial) => partial + ".etag";

    private static long Length(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;
}
