using HaloLab.Displays;
using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>An ablation as <c>ablation.json</c>, <c>ablation.csv</c> and the page <c>ablation.html</c>.</summary>
/// <param name="grid">What was compared.</param>
/// <param name="result">What came out.</param>
internal sealed class AblationReport(AblationGrid grid, AblationResult result)
{
    // Fewer seeds say little about training again (DESIGN D7).
    private const int SeedsOfAMethod = 5;

    /// <summary>Writes the three files.</summary>
    public void Write(string folder)
    {
        JsonFile.Write(Path.Combine(folder, AblationResult.FileName), result);
        AtomicFile.WriteAllText(Path.Combine(folder, "ablation.csv"), Rows().ToCsv());
        HtmlPage page = new($"Ablation: {result.Title}", FormattableString.Invariant($"{result.Grid}, preset {result.Preset}, {result.Seeds.Count} seed{(result.Seeds.Count == 1 ? "" : "s")}, HaloLab {result.HaloLab}"));
        page.Add("What this is", Note($"Variants of HALO on the toy world, each with the settings below changed and everything else the same: prompts, noise, steps. A statement is about {grid.Baseline.Name} less the variant; it was declared with its threshold before the run. {Unit()} Verdicts hold after Holm's correction over all {result.Findings.Count} statements at {Ablation.Alpha}; intervals and smallest detectable effects (power 0.8) are each at their own level, not corrected. Toy results test the instrument, not the paper. Teacher and annotators are simulated."));
        page.Add("Read this first", HtmlFragment.Of($"<ul>{Warnings().Select(warning => HtmlFragment.Of($"<li>{warning}</li>"))}</ul>"));
        page.Add("Statements", result.StatementsTable().ToHtml());
        page.Add("Differences", [.. grid.Statements.Select(statement => Plot(statement).ToHtml())]);
        page.Add("Means", result.MeansTable().ToHtml());
        page.Add("Variants and what they cost", Costs().ToHtml(), Note(FormattableString.Invariant($"Seconds are over all seeds: of every stage that a variant needs, and of those that {grid.Baseline.Name} does not need. {result.Stages} different stages served {result.Uses} uses.")));
        page.Add("Data", HtmlFragment.Of($"<ul>{new[] { AblationResult.FileName, "ablation.csv", "manifest.json" }.Select(file => HtmlFragment.Of($"<li>{HtmlFragment.Link(file)}</li>"))}</ul>"));
        page.Write(Path.Combine(folder, "ablation.html"));
    }

    private static HtmlFragment Note(string text) => HtmlFragment.Of($"<p>{text}</p>");

    private string Unit() => result.Seeds.Count == 1
        ? "Intervals resample prompts and hold given these trained models."
        : FormattableString.Invariant($"Intervals are t intervals over {result.Seeds.Count} seeds, given this pretrained generator.");

    private IEnumerable<string> Warnings()
    {
        foreach (AblationResult.Arm arm in result.Variants)
        {
            foreach ((long seed, string error) in arm.Errors)
            {
                yield return FormattableString.Invariant($"{arm.Name} failed with seed {seed}: {error}");
            }
        }

        if (result.Seeds.Count < SeedsOfAMethod)
        {
            yield return FormattableString.Invariant($"{result.Seeds.Count} seed{(result.Seeds.Count == 1 ? "" : "s")}: a statement about the method wants at least {SeedsOfAMethod}.");
        }

        int blind = result.Findings.Count(finding => finding.Comparison is not null && !finding.CouldHaveShown);
        yield return FormattableString.Invariant($"{blind} of {result.Findings.Count} statements could not have shown a difference as small as would be interesting, even before correction: for these \"not shown\" says little.");
    }

    private ForestPlot Plot(AblationStatement statement) => new(
        $"{statement.Measure.Title} ({(statement.Measure.HigherIsBetter ? "more" : "less")} is better)",
        $"{grid.Baseline.Name} − variant",
        [.. grid.Variants.Select(variant => Of(variant, statement)).Select(finding => new ForestRow(finding.Variant, finding.Interval, finding.Verdict))],
        statement.Rule.Threshold);

    private AblationFinding Of(AblationVariant variant, AblationStatement statement) => result.Findings[(grid.Variants.ToList().IndexOf(variant) * grid.Statements.Count) + grid.Statements.ToList().IndexOf(statement)];

    private DataTable Costs() => new(
        [new("variant"), new("changes"), new("seconds", true, "0"), new("added seconds", true, "0"), new("failed with seeds")],
        [.. result.Variants.Zip([grid.Baseline, .. grid.Variants], (arm, variant) => (IReadOnlyList<object?>)[arm.Name, variant.Changes(), arm.Seconds, arm.AddedSeconds, string.Join(", ", arm.Errors.Keys)])]);

    /// <summary>The statements with bare numbers, for other programs.</summary>
    private DataTable Rows() => new(
        [.. new[]
        {
            "grid", "variant", "statement", "measure", "estimate", "low", "high", "level", "unit", "n", "seeds", "threshold", "direction", "p", "p_holm", "verdict", "smallest_detectable", "interesting", "negligible", "seconds", "added_seconds",
        }.Select(name => new TableColumn(name))],
        [.. result.Findings.Select(finding =>
        {
            AblationResult.Arm arm = result.Variants.Single(arm => arm.Name == finding.Variant);
            ClaimComparison? comparison = finding.Comparison;
            return (IReadOnlyList<object?>)[
                result.Grid, finding.Variant, finding.Statement, finding.Measure, comparison?.Estimate, comparison?.CiLow, comparison?.CiHigh, comparison?.Level, comparison?.Unit, comparison?.N, comparison?.Seeds,
                finding.Rule.Threshold, finding.Rule.Direction.ToString(), finding.P, finding.PHolm, finding.Verdict.ToString(), comparison?.Mde, finding.Interesting, finding.IsNegligible.ToString(), arm.Seconds, arm.AddedSeconds,
            ];
        })]);
}
