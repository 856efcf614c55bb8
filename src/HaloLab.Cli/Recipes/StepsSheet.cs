using System.Collections;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using HaloLab.Cli.Ledger;
using HaloLab.Cli.Verbs;
using HaloLab.Displays;

namespace HaloLab.Cli.Recipes;

/// <summary>A recipe of <c>halolab run</c>.</summary>
internal sealed class StepsSheet(Recipe recipe, RootCommand root) : RecipeSheet(recipe.Name, new RecipeOptions().Command(recipe), "docs/models.md")
{
    public override string Shows => $"HALO with real parts, from prompts to a comparison, on {recipe.Description}";

    public override string Needs => "as the model needs (add --plan)";

    public override IReadOnlyList<(string Title, DataTable Table)> Parts()
    {
        RecipeStep[] steps = [.. recipe.Steps(new RecipeOptions().Placeholders())];
        return
        [
            ("Steps; --set STEP.OPTION=VALUE changes what a step is asked for", new DataTable(
                [new("", IsNumber: true), new("step"), new("command")],
                [.. steps.Select((step, i) => (IReadOnlyList<object?>)[i + 1, step.Name, step.ToString()])])),
            ("Settings of the steps; by default: the verb's own", new DataTable(
                [new("step"), new("option"), new("value"), new("by default")],
                [.. steps.DistinctBy(step => step.Name).SelectMany(Options)])),
        ];
    }

    public override string? Measured(ClaimsLedger ledger) => ledger.RowOf(Name) is { } row
        ? $"{row.Claim}: {(row.Latest is { } latest ? $"{LedgerDocument.Text(latest.Verdict)}, {latest.ToMarkdown()}" : LedgerDocument.Text(Statistics.Verdict.NotRun))}"
        : null;

    /// <summary>The options of a step that have a value, as its verb understands them.</summary>
    private IEnumerable<IReadOnlyList<object?>> Options(RecipeStep step)
    {
        ParseResult line = root.Parse([.. step.Arguments]);
        foreach (Option option in line.CommandResult.Command.Options)
        {
            string? usual = option.HasDefaultValue ? Text(option.GetDefaultValue()) : null;
            string? given = line.GetResult(option) is OptionResult { Implicit: false } result ? (result.Tokens.Count == 0 ? Text(true) : string.Join(' ', result.Tokens.Select(token => token.Value))) : null;
            if (given is not null || usual is not null)
            {
                yield return [step.Name, option.Name, given ?? usual, given is null || given == usual ? "" : usual];
            }
        }
    }

    private static string? Text(object? value) => value switch
    {
        null or "" => null,
        bool truth => truth ? "yes" : "no",
        string text => text,
        IEnumerable several => string.Join(',', several.Cast<object?>().Select(Text)) is { Length: > 0 } list ? list : null,
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}
