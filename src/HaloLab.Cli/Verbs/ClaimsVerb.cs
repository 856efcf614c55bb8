using System.CommandLine;
using HaloLab.Cli.Ledger;
using HaloLab.Displays;
using HaloLab.Statistics;
using HaloLab.ToyWorld.Ablations;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab claims</c>: what is claimed, what runs said about it, and REPRODUCING.md made from both.</summary>
internal static class ClaimsVerb
{
    private const string Document = "REPRODUCING.md";

    public static Command Create()
    {
        Command command = new("claims", "Print every claim with its verdict, when and by which run it was decided. Claims are declared in the ledger, the folder claims of the repository, before they are run.");
        Argument<DirectoryInfo[]> runs = new("run") { Description = "Folders of finished runs (of reproduce, or of a grid below that of ablate): decide the claims by these instead of by what is recorded.", Arity = ArgumentArity.ZeroOrMore };
        Option<DirectoryInfo> folder = new("--ledger") { Description = "Folder of the ledger.", DefaultValueFactory = _ => new DirectoryInfo(ClaimsLedger.DefaultFolder) };
        Option<string?> record = new("--record") { Description = "Keep the given run in the ledger under this name." };
        Option<bool> write = new("--write") { Description = $"Make {Document}, beside the ledger, from it." };
        Option<bool> check = new("--check") { Description = $"Fail where {Document} is not what the ledger says." };
        command.Arguments.Add(runs);
        foreach (Option option in (Option[])[folder, record, write, check])
        {
            command.Options.Add(option);
        }

        command.SetWork((parsed, _) =>
        {
            string ledgerFolder = parsed.GetValue(folder)!.FullName;
            RecordedRun[] given = [.. (parsed.GetValue(runs) ?? []).Select(run => RecordedRun.Read(parsed.GetValue(record) ?? run.Name, run.FullName))];
            if (parsed.GetValue(record) is string name)
            {
                if (name.Length == 0 || Path.GetFileName(name) != name || name.Contains(' ', StringComparison.Ordinal))
                {
                    throw new InputException($"--record '{name}': expected a name without folders and blanks, for example components.");
                }

                Console.Error.WriteLine(ClaimsLedger.Record(ledgerFolder, given.Length == 1 ? given[0] : throw new InputException($"--record keeps one run, and {given.Length} are given. Give the folder of one.")));
            }

            ClaimsLedger ledger = ClaimsLedger.Read(ledgerFolder);
            string path = Path.Combine(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(ledgerFolder))!, Document);
            if (parsed.GetValue(write))
            {
                AtomicFile.WriteAllText(path, new LedgerDocument(ledger).Write());
            }

            if (parsed.GetValue(check) && (!File.Exists(path) || File.ReadAllText(path) != new LedgerDocument(ledger).Write()))
            {
                throw new InputException($"{path} is not what the ledger {ledgerFolder} says. Change the ledger, not the document, and run `halolab claims --write`.");
            }

            Print(ledger, given);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(ClaimsLedger ledger, RecordedRun[] given)
    {
        IReadOnlyList<RecordedRun> runs = given.Length > 0 ? given : ledger.Runs;
        List<IReadOnlyList<object?>> lines = [];
        foreach (RecordedRun run in runs.Where(run => run.Claims.Count > 0))
        {
            foreach (DeclaredClaim declared in ledger.Claims)
            {
                lines.Add(declared.Decide(run.Claims, run.Name) is { } claim
                    ? Line(claim.Id, claim.Verdict, new Interval(claim.Estimate, claim.CiLow, claim.CiHigh, claim.Level), claim.Mde, declared.InterestingOf(claim.Comparisons.First(comparison => comparison.Measure == claim.Measure)), claim.Measure, run)
                    : Line(declared.Id, Verdict.NotRun, null, double.NaN, double.NaN, declared.Statement, run));
            }
        }

        foreach (RecordedRun run in runs)
        {
            lines.AddRange((run.Ablation?.Findings ?? []).Select(finding => Line(finding.Id, finding.Verdict, finding.Interval, finding.Comparison?.Mde ?? double.NaN, finding.Interesting, finding.Measure, run)));
        }

        if (given.Length == 0)
        {
            foreach (string grid in AblationGrid.Names.Where(grid => ledger.Find(grid)?.Ablation is null))
            {
                lines.Add([$"{grid}/…", LedgerDocument.Text(Verdict.NotRun), null, null, null, null, $"{AblationGrid.Read(grid).Declared().Count} statements", null, null, null, null]);
            }
        }

        Print(new DataTable(
            [new("claim"), new("verdict"), new("estimate", true), new("95 % interval"), new("detectable", true), new("interesting", true), new("of"), new("run"), new("date"), new("commit"), new("manifest")],
            lines));
        foreach (RecordedRun run in runs.Where(run => run.Note.Length > 0))
        {
            Console.WriteLine($"{run.Name}: {run.Note}");
        }

        if (given.Length == 0)
        {
            Console.WriteLine();
            Print(new DataTable(
                [new("verdict"), new("date"), new("commit"), new("claim")],
                [.. ledger.Rows.Select(row => (IReadOnlyList<object?>)[LedgerDocument.Text(row.Latest?.Verdict ?? Verdict.NotRun), row.Latest?.Date, row.Latest?.Commit, row.Claim])]));
        }
    }

    private static void Print(DataTable table) => Console.WriteLine(table.ToText());

    private static IReadOnlyList<object?> Line(string id, Verdict verdict, Interval? interval, double detectable, double interesting, string measure, RecordedRun run) =>
    [
        id, LedgerDocument.Text(verdict), DisplayNumber.Estimate(interval).Estimate, DisplayNumber.Estimate(interval).Interval, DisplayNumber.Format(detectable, "G2"), DisplayNumber.Chosen(interesting), measure,
        run.Name, run.Date, run.Commit, run.ManifestSha256[..12],
    ];
}
