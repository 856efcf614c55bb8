using HaloLab.Cli.Ledger;
using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.GranDpo;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Cli.Recipes;

/// <summary>A preset of <c>halolab reproduce</c>.</summary>
internal sealed class PresetSheet(ReproductionSettings preset) : RecipeSheet(preset.Preset, $"halolab reproduce --preset {preset.Preset}", "docs/getting-started.md")
{
    /// <summary>Seed of what is asked for its names and sizes only.</summary>
    private const long AnySeed = 1;

    public override string Shows => $"claims C1 to C5b on the toy world: {preset.Description}";

    public override double? ExpectedSeconds => Reproduction(preset.Seeds).Stages.Sum(stage => stage.ExpectedSeconds);

    public override IReadOnlyList<(string Title, DataTable Table)> Parts() =>
    [
        ($"Settings; by default: those of {ReproductionSettings.Quick.Preset}", Settings(FactsOf(preset), FactsOf(ReproductionSettings.Quick))),
        ("Tuning of the arms; by default: the trainer's own", Arms(preset)),
        (preset.Seeds == 1 ? "Stages" : $"Stages of each of the {preset.Seeds} seeds", new DataTable(
            [new("stage"), new("roughly, on two cores")],
            [.. Reproduction(1).Stages.Select(stage => (IReadOnlyList<object?>)[stage.Name, DisplayNumber.Duration(stage.ExpectedSeconds)])])),
    ];

    public override string? Measured(ClaimsLedger ledger) => ledger.Find(Name) is { } run
        ? $"{run.Date}: {string.Join(", ", Decided(ledger, run).Select(item => item.Claim is { } claim ? $"{claim.Id} {LedgerDocument.Text(claim.Verdict)} {DisplayNumber.Format(claim.Estimate)}" : $"{item.Declared.Id} {LedgerDocument.Text(Statistics.Verdict.NotRun)}"))}"
        : null;

    public override (string Title, DataTable Table)? Expected(ClaimsLedger ledger) => ledger.Find(Name) is { } run
        ? (Heading(run), new DataTable(
            [new("claim"), new("verdict"), new("estimate, 95 % interval"), new("of"), new("statement")],
            [.. Decided(ledger, run).Select(item => (IReadOnlyList<object?>)(item.Claim is { } claim
                ? [claim.Id, LedgerDocument.Text(claim.Verdict), LedgerDocument.Estimate(claim.Estimate, claim.CiLow, claim.CiHigh), claim.Measure, claim.Statement]
                : [item.Declared.Id, LedgerDocument.Text(Statistics.Verdict.NotRun), "", "", item.Declared.Statement]))]))
        : null;

    /// <summary>The settings that all arms share, by name.</summary>
    public static SortedDictionary<string, string> FactsOf(ReproductionSettings settings)
    {
        SortedDictionary<string, string> facts = JsonFile.Facts(settings with { Arms = [] });
        facts.Remove("arms");
        if (settings.PairsPerPrompt == int.MaxValue)
        {
            facts["pairsPerPrompt"] = "all";
        }

        return facts;
    }

    /// <summary>How an arm is tuned, by name.</summary>
    public static SortedDictionary<string, string> FactsOf(ReproductionSettings settings, ReproductionArm arm)
    {
        SortedDictionary<string, string> facts = JsonFile.Facts(settings.Tuning(arm, AnySeed));
        facts.Remove("seed");
        return facts;
    }

    /// <summary>How the arms are tuned, a column an arm.</summary>
    public static DataTable Arms(ReproductionSettings settings)
    {
        SortedDictionary<string, string> defaults = JsonFile.Facts(new GranDpoTrainerOptions { Seed = AnySeed, Steps = settings.TuningSteps });
        SortedDictionary<string, string>[] arms = [.. settings.Arms.Select(arm => FactsOf(settings, arm))];
        return new DataTable(
            [new("setting"), .. settings.Arms.Select(arm => new TableColumn(arm.Name)), new("by default")],
            [.. arms.SelectMany(arm => arm.Keys).Distinct().Order(StringComparer.Ordinal).Select(name => (IReadOnlyList<object?>)[name, .. arms.Select(arm => arm.GetValueOrDefault(name)), Usual(name)])]);

        string Usual(string name) => arms.All(arm => arm.GetValueOrDefault(name) == defaults.GetValueOrDefault(name)) ? "" : defaults.GetValueOrDefault(name, DisplayNumber.Missing);
    }

    private ToyReproduction Reproduction(int seeds) => new(preset, AnySeed, seeds, ToyCheckpoints.Folder);

    private static IEnumerable<(DeclaredClaim Declared, Claim? Claim)> Decided(ClaimsLedger ledger, RecordedRun run) => ledger.Claims.Select(declared => (declared, declared.Decide(run.Claims, run.Name)));
}
