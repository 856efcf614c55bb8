using System.Text.Json.Nodes;
using CliWrap.Buffered;
using HaloLab.Experiments;
using HaloLab.Statistics;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>halolab claims</c> on the repository's ledger and on broken copies of it.</summary>
public sealed class ClaimsVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-claims-").FullName;

    private static string Ledger { get; } = Path.Combine(RepositoryRoot.Path, "claims");

    private string Copy => Path.Combine(_folder, "claims");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task TheDocumentIsWhatTheLedgerSaysAndEveryClaimHasAVerdict()
    {
        BufferedCommandResult result = await HaloLabProgram.Run("claims", "--check", "--ledger", Ledger);
        Assert.True(result.IsSuccess, result.StandardError);
        string[] lines = result.StandardOutput.Split('\n');
        foreach (string claim in new[] { "C1 ", "C2 ", "C3 ", "C4 ", "C5 ", "C5b" })
        {
            string[] verdicts = ["shown", "not shown", "contradicted"];
            string full = Assert.Single(lines, line => line.StartsWith(claim, StringComparison.Ordinal) && line.Contains(" full  ", StringComparison.Ordinal) && line.Contains('['));
            Assert.Contains(verdicts, verdict => full.Contains($"  {verdict}  ", StringComparison.Ordinal));
        }

        // What the README says of them in words.
        int Verdicts(string verdict) => lines.Count(line => line.StartsWith('C') && line.Contains(" full  ", StringComparison.Ordinal) && line.Contains($"  {verdict}  ", StringComparison.Ordinal));
        Assert.Equal((3, 1, 2), (Verdicts("shown"), Verdicts("contradicted"), Verdicts("not shown")));
        string readme = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "README.md"));
        Assert.Contains("three of the paper's claims are shown", readme, StringComparison.Ordinal);
        Assert.Contains("one is contradicted", readme, StringComparison.Ordinal);
        Assert.Contains("two are not shown", readme, StringComparison.Ordinal);

        // An aim that was not met stays.
        Assert.Contains(lines, line => line.StartsWith("contradicted", StringComparison.Ordinal) && line.Contains("C1 to C5b on the toy world, five seeds", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("not shown", StringComparison.Ordinal) && line.Contains("the labels that continuing saves", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ADocumentThatIsBehindIsRefusedAndWrittenAnew()
    {
        CopyLedger();
        BufferedCommandResult missing = await HaloLabProgram.Run("claims", "--check", "--ledger", Copy);
        Assert.Equal(2, missing.ExitCode);
        Assert.Contains("halolab claims --write", missing.StandardError, StringComparison.Ordinal);
        Assert.True((await HaloLabProgram.Run("claims", "--write", "--ledger", Copy)).IsSuccess);
        Assert.Equal(File.ReadAllText(Path.Combine(RepositoryRoot.Path, "REPRODUCING.md")), File.ReadAllText(Path.Combine(_folder, "REPRODUCING.md")));

        File.WriteAllText(
            Path.Combine(Copy, "rows", "005-new.json"),
            """{ "claim": "a new one", "command": "`true`", "expected": "nothing", "tolerance": "", "hardware": "any", "minutes": "0", "results": [] }""");
        Assert.Equal(2, (await HaloLabProgram.Run("claims", "--check", "--ledger", Copy)).ExitCode);
        BufferedCommandResult written = await HaloLabProgram.Run("claims", "--write", "--check", "--ledger", Copy);
        Assert.True(written.IsSuccess, written.StandardError);
        Assert.Contains("| a new one | `true` | nothing | | any | 0 | not run |", File.ReadAllText(Path.Combine(_folder, "REPRODUCING.md")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARunIsRecordedUnderANameWithItsManifest()
    {
        CopyLedger();
        string run = Path.Combine(_folder, "run");
        JsonFile.Write(Path.Combine(run, "manifest.json"), new { Command = "reproduce --preset quick --seeds 2", HaloLab = "0.1.0+0123456789abcdef", Device = "cpu", Threads = 1, Seeds = new[] { 1L, 2L } });
        ClaimComparison fewer = new("share of top-half clips with a defective patch: untuned generator − flawless", "seed", -0.2, -0.3, -0.1, 0.95, 2, 2, 0, ClaimDirection.Above, Verdict.Shown, 0.05);
        JsonFile.Write(Path.Combine(run, "claims.json"), new[] { Claim.Of("C4", "as the run says", [fewer]) });
        BufferedCommandResult result = await HaloLabProgram.Run("claims", run, "--record", "mine", "--ledger", Copy);
        Assert.True(result.IsSuccess, result.StandardError);

        // By the interval and the declared rule, whatever the run says; and what it did not measure is not run.
        string[] lines = result.StandardOutput.Split('\n');
        Assert.Contains(lines, line => line.StartsWith("C4 ", StringComparison.Ordinal) && line.Contains("contradicted", StringComparison.Ordinal) && line.Contains("0123456", StringComparison.Ordinal));
        Assert.Equal(5, lines.Count(line => line.StartsWith('C') && line.Contains("not run", StringComparison.Ordinal)));
        JsonNode record = JsonNode.Parse(File.ReadAllText(Path.Combine(Copy, "runs", "mine.json")))!;
        Assert.Equal((FileHash.Of(Path.Combine(run, "manifest.json")), "0123456"), (record["manifestSha256"]!.GetValue<string>(), record["commit"]!.GetValue<string>()));

        JsonFile.Write(Path.Combine(run, "claims.json"), new[] { Claim.Of("C4", "by another rule", [fewer with { Threshold = -1 }]) });
        BufferedCommandResult other = await HaloLabProgram.Run("claims", run, "--ledger", Copy);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("was judged against -1", other.StandardError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rows/010-ports-match.json", """{ "claim": "half a row" }""", "010-ports-match.json")]
    [InlineData("rows/010-ports-match.json", """{ "claim": "a | b", "command": "", "expected": "", "tolerance": "", "hardware": "", "minutes": "", "results": [] }""", "holds a bar")]
    [InlineData("reproducing.md", "{{nonsense}}", "none of the placeholders")]
    [InlineData("reproducing.md", "{{claims nobody}}", "names the run 'nobody'")]
    [InlineData("reproducing.md", "{{full C9}}", "names the claim 'C9'")]
    public async Task ABrokenLedgerIsNamed(string file, string text, string expected)
    {
        CopyLedger();
        File.WriteAllText(Path.Combine(Copy, file), text);
        BufferedCommandResult result = await HaloLabProgram.Run("claims", "--write", "--ledger", Copy);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "REPRODUCING.md")));
    }

    [Fact]
    public async Task AFolderThatIsNoRunAndOneThatIsNoLedgerAreNamed()
    {
        Assert.Contains("neither claims.json nor ablation.json", (await HaloLabProgram.Run("claims", _folder, "--ledger", Ledger)).StandardError, StringComparison.Ordinal);
        Assert.Contains("is no ledger of claims", (await HaloLabProgram.Run("claims", "--ledger", _folder)).StandardError, StringComparison.Ordinal);
    }

    private void CopyLedger()
    {
        foreach (string file in Directory.GetFiles(Ledger, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(Copy, Path.GetRelativePath(Ledger, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
