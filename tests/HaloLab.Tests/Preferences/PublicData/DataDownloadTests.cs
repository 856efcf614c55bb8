using System.Security.Cryptography;
using HaloLab.Preferences.PublicData;
using HaloLab.Statistics;

namespace HaloLab.Tests.Preferences.PublicData;

public sealed class DataDownloadTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-download").FullName;
    private readonly byte[] _content = new byte[300_000];
    private readonly LoopbackServer _server;

    public DataDownloadTests()
    {
        new RandomStream(1, "download").NextBytes(_content);
        _server = new LoopbackServer(_content);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Target => Path.Combine(_folder, "out", "data", "file.bin");

    private string Partial => Target + ".partial";

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task AFileIsFetchedCheckedAndNotFetchedAgain()
    {
        List<double> shares = [];
        ReceivedFile file = Assert.Single(await Get(Source(), advanced: (name, share) => shares.Add(share)));
        Assert.Equal(_content, File.ReadAllBytes(Target));
        Assert.Equal(("data/file.bin", 300_000, Hash(_content), true), (file.Name, file.Size, file.Sha256, file.IsListed));
        Assert.Equal(1, shares[^1]);
        Assert.Equal([DataDownload.ReceivedList, Path.Combine("data", "file.bin")], Directory.GetFiles(Path.Combine(_folder, "out"), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Path.Combine(_folder, "out"), path)).OrderDescending(StringComparer.Ordinal));
        Assert.Equal(file, Assert.Single(await Get(Source())));
        Assert.Single(_server.Requests);
        File.WriteAllText(Target, "changed");
        Assert.Contains("Something changed it", await Refused(Source()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsCutOffGoesOnWhereItStopped()
    {
        _server.FaultOf = request => request < 3 ? new LoopbackServer.Fault(BodyBytes: 70_000) : null;
        await Get(Source());
        Assert.Equal(_content, File.ReadAllBytes(Target));
        Assert.Equal([null, "bytes=70000-", "bytes=140000-", "bytes=210000-"], _server.Requests.Select(request => request.Range));
        Assert.All(_server.Requests.Skip(1), request => Assert.Equal("\"v1\"", request.IfRange));
    }

    [Fact]
    public async Task AnInterruptedDownloadIsResumedByTheNextCall()
    {
        _server.FaultOf = request => request == 0 ? new LoopbackServer.Fault(BodyBytes: 100_000, Hangs: true) : null;
        using (CancellationTokenSource interrupt = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Get(Source(), advanced: (_, share) =>
            {
                if (share >= 0.33)
                {
                    interrupt.Cancel();
                }
            }, cancellation: interrupt.Token));
        }

        Assert.Equal(100_000, new FileInfo(Partial).Length);
        await Get(Source());
        Assert.Equal(_content, File.ReadAllBytes(Target));
        Assert.Equal("bytes=100000-", _server.Requests[1].Range);
        Assert.False(File.Exists(Partial));
    }

    [Fact]
    public async Task ASilentServerIsGivenUpAndAskedAgain()
    {
        _server.FaultOf = request => request == 0 ? new LoopbackServer.Fault(BodyBytes: 10, Hangs: true) : null;

        await Get(Source(), silence: TimeSpan.FromMilliseconds(500));
        Assert.Equal("bytes=10-", _server.Requests[1].Range);
        Assert.Equal(_content, File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task APartOfAnotherVersionIsThrownAway()
    {
        _server.FaultOf = request => request == 0 ? new LoopbackServer.Fault(BodyBytes: 100_000) : null;
        string message = await Refused(Source(), advanced: () =>
        {
            _server.Content = [.. _content.Reverse()];
            _server.EntityTag = "\"v2\"";
        });

        // The listed hash tells: what came whole is the other version, and none of the two was joined.
        Assert.Contains($"has the SHA-256 {Hash(_server.Content)}, expected {Hash(_content)}", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerWithoutRangesStartsAnew()
    {
        _server.HasRanges = false;
        _server.FaultOf = request => request == 0 ? new LoopbackServer.Fault(BodyBytes: 100_000) : null;
        await Get(Source());
        Assert.Equal(_content, File.ReadAllBytes(Target));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task APartThatIsWholeIsOnlyChecked(bool isSizeListed)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Partial)!);
        File.WriteAllBytes(Partial, _content);
        await Get(isSizeListed ? Source() : Source(size: null));
        Assert.Equal(isSizeListed ? 0 : 1, _server.Requests.Count);
        Assert.Equal(_content, File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task RedirectsAreFollowed()
    {
        _server.FaultOf = request => _server.Requests.Count == 0 ? new LoopbackServer.Fault(Head: $"HTTP/1.1 302 Found\r\nLocation: {_server.Address("/elsewhere/file.bin")}") : null;
        await Get(Source());
        Assert.Equal(["/file.bin", "/elsewhere/file.bin"], _server.Requests.Select(request => request.Path));
        Assert.Equal(_content, File.ReadAllBytes(Target));
    }

    [Fact]
    public async Task AnEndlessRedirectEnds()
    {
        _server.FaultOf = _ => new LoopbackServer.Fault(Head: $"HTTP/1.1 302 Found\r\nLocation: {_server.Address()}");
        Assert.Contains("302", await Refused(Source()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("404 Not Found")]
    [InlineData("401 Unauthorized")]
    public async Task AMissingFileIsNamedAtOnce(string status)
    {
        _server.FaultOf = _ => new LoopbackServer.Fault(Head: $"HTTP/1.1 {status}");
        string message = await Refused(Source());
        Assert.Contains($"{_server.Address()}: the server answers {status}", message, StringComparison.Ordinal);
        Assert.Contains("--from FOLDER", message, StringComparison.Ordinal);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task ABusyServerIsAskedAgainAndGivenUpInTheEnd()
    {
        _server.FaultOf = request => request < 2 ? new LoopbackServer.Fault(Head: "HTTP/1.1 503 Service Unavailable") : null;
        await Get(Source());
        Assert.Equal(3, _server.Requests.Count);
        File.Delete(Target);
        _server.FaultOf = _ => new LoopbackServer.Fault(Head: "HTTP/1.1 429 Too Many Requests");
        Assert.Contains("the download stopped after 0 bytes (429 Too Many Requests). The same command goes on", await Refused(Source()), StringComparison.Ordinal);
        Assert.Equal(7, _server.Requests.Count);
    }

    [Fact]
    public async Task WrongContentIsNotKept()
    {
        Assert.Contains($"has the SHA-256 {Hash(_content)}, expected {new string('0', 64)}", await Refused(Source(hash: new string('0', 64))), StringComparison.Ordinal);
        Assert.False(File.Exists(Target) || File.Exists(Partial));
        Assert.Contains("the server offers 300000 bytes, expected 5", await Refused(Source(size: 5)), StringComparison.Ordinal);

        // A length that is not said is found out at the end.
        _server.FaultOf = _ => new LoopbackServer.Fault(HidesLength: true, BodyBytes: 100);
        Assert.Contains("has the SHA-256", await Refused(Source(size: null)), StringComparison.Ordinal);
        Assert.False(File.Exists(Target) || File.Exists(Partial));
    }

    [Fact]
    public async Task WithoutAListedHashTheFirstCopyIsRemembered()
    {
        DataSource unlisted = Source(hash: null, size: null);
        ReceivedFile file = Assert.Single(await Get(unlisted));
        Assert.Equal((Hash(_content), false), (file.Sha256, file.IsListed));
        File.Delete(Target);
        _server.Content = [1, 2, 3];
        Assert.Contains($"expected {Hash(_content)}", await Refused(unlisted), StringComparison.Ordinal);
        _server.Content = _content;
        Assert.Equal(Hash(_content), Assert.Single(await Get(unlisted)).Sha256);
    }

    [Fact]
    public async Task FilesOfAFolderAreCheckedAndCopiedWithoutANetwork()
    {
        string from = Path.Combine(_folder, "given");
        Assert.Contains("Expected the file 'data/file.bin' in the folder given with --from", await Refused(Source(), from), StringComparison.Ordinal);
        Directory.CreateDirectory(Path.Combine(from, "data"));
        File.WriteAllText(Path.Combine(from, "data", "file.bin"), "other");
        Assert.Contains("has 5 bytes, expected 300000", await Refused(Source(), from), StringComparison.Ordinal);
        File.WriteAllBytes(Path.Combine(from, "data", "file.bin"), _content);
        await Get(Source(), from);
        Assert.Equal(_content, File.ReadAllBytes(Target));
        Assert.True(File.Exists(Path.Combine(from, "data", "file.bin")));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public void TheListThatShipsIsWhole()
    {
        IReadOnlyList<DataSource> sources = DataSource.ReadAll();
        Assert.Contains(sources, source => source.Name == "videoalign-example" && source.Files.Count == 7 && source.Size == 7_807_185);
        Assert.All(sources, source => Assert.True(source.Licence.Length > 0 && source.Citation.Length > 0));
        Assert.All(sources.SelectMany(source => source.Files), file => Assert.Equal(Uri.UriSchemeHttps, file.Address.Scheme));
        Assert.Contains("Expected one of videoalign-example", Assert.Throws<InputException>(() => DataSource.Find("mine")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheListedHashesAreThoseOfTheRealFiles()
    {
        string folder = Importing.TestData.Require("videoalign");
        DataSource source = DataSource.Find("videoalign-example");
        Assert.All(source.Files, file => Assert.Equal((file.Size, file.Sha256), (new FileInfo(Path.Combine(folder, file.Name)).Length, FileHash.Of(Path.Combine(folder, file.Name)))));
        DataSourceFile prompts = Assert.Single(DataSource.Find("vbench-prompts").Files);
        Assert.Equal(prompts.Sha256, FileHash.Of(Importing.TestData.Require("prompts", "VBench_full_info.json")));
    }

    [Theory]
    [InlineData("a path below", "../up.bin", "https://example.org/", null)]
    [InlineData("a path below", "/up.bin", "https://example.org/", null)]
    [InlineData("an https address", "a.bin", "http://example.org/", null)]
    [InlineData("an https address", "a.bin", "file:///etc/passwd", null)]
    [InlineData("64 lower-case", "a.bin", "https://example.org/", "abc")]
    public void AListThatLeadsAstrayIsRefused(string expected, string name, string address, string? hash)
    {
        string path = Path.Combine(_folder, "sources.json");
        File.WriteAllText(path, $$"""{"sources":[{"name":"mine","description":"d","homepage":"https://example.org/","licence":"l","citation":"c","files":[{"name":"{{name}}","address":"{{address}}"{{(hash is null ? "" : $",\"sha256\":\"{hash}\"")}}}]}]}""");
        string message = Assert.Throws<InputException>(() => DataSource.ReadAll(path)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.StartsWith(path, message, StringComparison.Ordinal);
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private DataSource Source() => Source(300_000);

    private DataSource Source(long? size) => Source(Hash(_content), size);

    private DataSource Source(string? hash, long? size = 300_000) => new("mine", "Random bytes", new Uri("https://example.org/"), "none", "nobody", [new DataSourceFile("data/file.bin", _server.Address(), size, hash)]);

    private async Task<IReadOnlyList<ReceivedFile>> Get(DataSource source, string? from = null, Action<string, double>? advanced = null, TimeSpan? silence = null, CancellationToken? cancellation = null)
    {
        using DataDownload download = new(TimeSpan.FromMilliseconds(1)) { Silence = silence ?? TimeSpan.FromSeconds(20) };
        return await download.GetAsync(source, Path.Combine(_folder, "out"), from, advanced, cancellation ?? Cancellation);
    }

    private async Task<string> Refused(DataSource source, string? from = null, Action? advanced = null)
    {
        bool existed = File.Exists(Target);
        InputException exception = await Assert.ThrowsAsync<InputException>(() => Get(source, from, (_, _) => advanced?.Invoke()));
        Assert.Equal(existed, File.Exists(Target));
        return exception.Message;
    }
}
