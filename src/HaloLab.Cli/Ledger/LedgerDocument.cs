using System.Globalization;
using System.Text.RegularExpressions;
using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.Statistics;
using HaloLab.ToyWorld.Ablations;

namespace HaloLab.Cli.Ledger;

/// <summary>
/// REPRODUCING.md: the ledger's text with its placeholders filled. <c>{{rows}}</c>, <c>{{claims RUN}}</c>, <c>{{comparisons RUN EARLIER}}</c> and <c>{{ablation GRID}}</c> are
/// tables; <c>{{RUN C1}}</c> is the estimate of the comparison that decides, <c>{{RUN commit}}</c> and <c>{{RUN date}}</c> say what was run when.
/// </summary>
/// <param name="ledger">The ledger.</param>
internal sealed partial class LedgerDocument(ClaimsLedger ledger)
{
    private const string Undefined = "undefined";

    /// <summary>The document.</summary>
    /// <exception cref="InputException">A placeholder names a run or claim that the ledger does not have.</exception>
    public string Write() => Placeholder().Replace(ledger.Template, match => Fill(match.Groups[1].Value.Split(' ')));

    /// <summary>A verdict in words.</summary>
    public static string Text(Verdict verdict) => verdict switch
    {
        Verdict.Shown => "shown",
        Verdict.NotShown => "not shown",
        Verdict.Contradicted => "contradicted",
        _ => "not run",
    };

    /// <summary>An estimate with its interval, for example <c>−0.441 (−0.537 to −0.355)</c>.</summary>
    public static string Estimate(double estimate, double low, double high) =>
        double.IsNaN(estimate) ? Undefined : $"{Number(estimate)} ({(double.IsNaN(low) ? Undefined : $"{Number(low)} to {Number(high)}")})";

    private string Fill(string[] words) => words switch
    {
        ["rows"] => Rows(),
        ["claims", string run] => Claims(Run(run)),
        ["comparisons", string run, string earlier] => Comparisons(Run(run), Run(earlier)),
        ["ablation", string grid] => Ablation(AblationGrid.Read(grid)),
        [string run, "commit"] => Run(run).Commit,
        [string run, "date"] => Run(run).Date,
        [string run, string claim] => Decided(Run(run), Declared(claim)) is { } decided ? Estimate(decided.Estimate, decided.CiLow, decided.CiHigh) : Text(Verdict.NotRun),
        _ => throw new InputException($"reproducing.md: {{{{{string.Join(' ', words)}}}}} is none of the placeholders rows, claims RUN, comparisons RUN EARLIER, ablation GRID, RUN CLAIM, RUN commit, RUN date."),
    };

    private string Rows() => Lines(["| claim | command | expected | tolerance | hardware | minutes | last measured |", "|-|-|-|-|-|-|-|", .. ledger.Rows.Select(row => row.ToMarkdown())]);

    /// <summary>Each claim by the comparison that decides.</summary>
    private string Claims(RecordedRun run) => Lines([
        "| claim | verdict | estimate, 95 % interval | smallest detectable | of |",
        "|-|-|-|-|-|",
        .. ledger.Claims.Select(declared => Decided(run, declared) is { } claim
            ? $"| {claim.Id} | {Text(claim.Verdict)} | {Estimate(claim.Estimate, claim.CiLow, claim.CiHigh)} | {Detectable(claim.Mde)} | {claim.Measure} |"
            : $"| {declared.Id} | {Text(Verdict.NotRun)} | | | {declared.Statement} |"),
    ]);

    /// <summary>Every comparison of every claim, beside an earlier run of the same.</summary>
    private string Comparisons(RecordedRun run, RecordedRun earlier)
    {
        List<string> lines = ["| claim | comparison | estimate, 95 % interval | smallest detectable | threshold | verdict | the run before |", "|-|-|-|-|-|-|-|"];
        foreach (DeclaredClaim declared in ledger.Claims)
        {
            if (Decided(run, declared) is not { } claim)
            {
                lines.Add($"| **{declared.Id} {Text(Verdict.NotRun)}** | {declared.Statement} | | | | | |");
                continue;
            }

            Dictionary<string, ClaimComparison> before = (Decided(earlier, declared)?.Comparisons ?? []).ToDictionary(comparison => comparison.Measure);
            lines.AddRange(claim.Comparisons.Select((comparison, i) =>
            {
                string first = i == 0 ? $" **{claim.Id} {Text(claim.Verdict)}** " : "  ";
                string same = before.TryGetValue(comparison.Measure, out ClaimComparison? other) ? Estimate(other.Estimate, other.CiLow, other.CiHigh) : Text(Verdict.NotRun);
                return $"|{first}| {comparison.Measure} | {Estimate(comparison.Estimate, comparison.CiLow, comparison.CiHigh)} | {Detectable(comparison.Mde)} | {Number(comparison.Threshold)}, {(comparison.Direction == ClaimDirection.Above ? "above" : "below")} | {Text(comparison.Verdict)} | {same} |";
            }));
        }

        return Lines(lines);
    }

    /// <summary>A grid's statements; what is declared stands there before it is run.</summary>
    private string Ablation(AblationGrid grid)
    {
        List<string> lines = ["| variant | statement | estimate, 95 % interval | smallest detectable | interesting from | p (Holm) | verdict |", "|-|-|-|-|-|-|-|"];
        AblationResult? result = ledger.Find(grid.Name)?.Ablation;
        if (result is null)
        {
            lines.AddRange(grid.Declared().Select(item => $"| {item.Variant} | {item.Statement} | | | {DisplayNumber.Chosen(item.Interesting)} | | {Text(Verdict.NotRun)} |"));
        }
        else
        {
            lines.AddRange(result.Findings.Select(finding => finding.Interval is { } interval
                ? $"| {finding.Variant} | {finding.Statement} | {Estimate(interval.Estimate, interval.Low, interval.High)} | {Detectable(finding.Comparison!.Mde)} | {DisplayNumber.Chosen(finding.Interesting)} | {DisplayNumber.Format(finding.PHolm, "0.000")} | {Text(finding.Verdict)} |"
                : $"| {finding.Variant} | {finding.Statement} | a run failed | | {DisplayNumber.Chosen(finding.Interesting)} | | {Text(finding.Verdict)} |"));
        }

        return Lines(lines);
    }

    private RecordedRun Run(string name) =>
        ledger.Find(name) ?? throw new InputException($"reproducing.md names the run '{name}', which the ledger does not have: {string.Join(", ", ledger.Runs.Select(run => run.Name))}.");

    private DeclaredClaim Declared(string id) =>
        ledger.Claims.FirstOrDefault(claim => claim.Id == id) ?? throw new InputException($"reproducing.md names the claim '{id}', which toy.json does not declare: {string.Join(", ", ledger.Claims.Select(claim => claim.Id))}.");

    private static Claim? Decided(RecordedRun run, DeclaredClaim declared) => declared.Decide(run.Claims, run.Name);

    private static string Detectable(double effect) => double.IsNaN(effect) ? "not recorded" : Number(effect);

    // Not DisplayNumber's: an end of an interval at −0.000 must stay on its side of 0.
    private static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture).Replace('-', '−');

    private static string Lines(IEnumerable<string> lines) => string.Join('\n', lines);

    [GeneratedRegex(@"\{\{([^{}]+)\}\}", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();
}
