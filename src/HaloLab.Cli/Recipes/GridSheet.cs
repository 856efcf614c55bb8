using HaloLab.Cli.Ledger;
using HaloLab.Displays;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Ablations;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Cli.Recipes;

/// <summary>A grid of <c>halolab ablate</c>.</summary>
internal sealed class GridSheet(AblationGrid grid) : RecipeSheet(grid.Name, $"halolab ablate {grid.Name}", "docs/ablations.md")
{
    private (int Stages, int Uses, double Seconds) Size => new Ablation(grid, firstSeed: 1, grid.Seeds, ToyCheckpoints.Folder).Size;

    public override string Shows => $"ablation on the toy world, {grid.Seeds} seeds of {grid.Preset.Preset}: {grid.Title.Split(". ")[0]}";

    public override double? ExpectedSeconds => Size.Seconds;

    public override IReadOnlyList<(string Title, DataTable Table)> Parts()
    {
        (string baseline, ReproductionSettings settings) = grid.Recipes()[0];
        SortedDictionary<string, string> facts = FactsOf(settings);
        (int stages, int uses, _) = Size;
        return
        [
            ($"Settings of the baseline, {baseline}; by default: those of {ReproductionSettings.Quick.Preset}", Settings(PresetSheet.FactsOf(settings), PresetSheet.FactsOf(ReproductionSettings.Quick))),
            ("Its tuning; by default: the trainer's own", PresetSheet.Arms(settings)),
            ($"What the variants change; {stages} stages serve {uses} uses, each as `halolab recipes {grid.Preset.Preset}` has them", new DataTable(
                [new("variant"), new("setting"), new("value"), new(baseline)],
                [.. grid.Recipes().Skip(1).SelectMany(variant => Changes(variant.Variant, FactsOf(variant.Settings), facts))])),
        ];
    }

    public override string? Measured(ClaimsLedger ledger) => ledger.Find(Name) is { Ablation: { } result } run
        ? $"{run.Date}: {string.Join(", ", result.Findings.GroupBy(finding => finding.Verdict).OrderBy(same => same.Key).Select(same => $"{same.Count()} {LedgerDocument.Text(same.Key)}"))}"
        : null;

    public override (string Title, DataTable Table)? Expected(ClaimsLedger ledger)
    {
        TableColumn[] columns = [new("statement"), new("verdict"), new("estimate, 95 % interval")];
        return ledger.Find(Name) is { Ablation: { } result } run
            ? (Heading(run), new DataTable(columns, [.. result.Findings.Select(finding => (IReadOnlyList<object?>)
                [finding.Statement, LedgerDocument.Text(finding.Verdict), finding.Interval is { } interval ? LedgerDocument.Estimate(interval.Estimate, interval.Low, interval.High) : "a run failed"])]))
            : ("Declared, and not run yet", new DataTable(columns, [.. grid.Declared().Select(item => (IReadOnlyList<object?>)[item.Statement, LedgerDocument.Text(Verdict.NotRun), ""])]));
    }

    private static SortedDictionary<string, string> FactsOf(ReproductionSettings settings)
    {
        SortedDictionary<string, string> facts = PresetSheet.FactsOf(settings);
        foreach ((string name, string value) in PresetSheet.FactsOf(settings, settings.Arms[0]))
        {
            facts.Add($"tuning.{name}", value);
        }

        return facts;
    }

    private static IEnumerable<IReadOnlyList<object?>> Changes(string variant, SortedDictionary<string, string> own, SortedDictionary<string, string> baseline) =>
        own.Keys.Union(baseline.Keys).Where(name => own.GetValueOrDefault(name) != baseline.GetValueOrDefault(name))
            .Select((name, i) => (IReadOnlyList<object?>)[i == 0 ? variant : "", name, own.GetValueOrDefault(name), baseline.GetValueOrDefault(name)]);
}
