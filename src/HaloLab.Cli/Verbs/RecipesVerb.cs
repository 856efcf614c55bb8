using System.CommandLine;
using HaloLab.Cli.Ledger;
using HaloLab.Cli.Recipes;
using HaloLab.Displays;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab recipes</c>: what can be run by its name, and what to expect of it.</summary>
internal static class RecipesVerb
{
    /// <param name="root">The program, whose verbs are the steps of some recipes.</param>
    public static Command Create(RootCommand root)
    {
        Command command = new("recipes", "What can be run by its name: presets of reproduce, recipes of run, grids of ablate; a line each, or one with its settings, stages and expected numbers.");
        Argument<string?> name = new("recipe") { Description = "Name of a recipe. Default: all, a line each.", Arity = ArgumentArity.ZeroOrOne };
        name.AcceptOnlyFromAmong([.. RecipeSheet.Names]);
        Option<DirectoryInfo?> folder = new("--ledger") { Description = "Folder of the ledger of claims, which holds what was measured. Default: claims, if it is there." };
        command.Arguments.Add(name);
        command.Options.Add(folder);
        command.SetWork((parsed, _) =>
        {
            ClaimsLedger? ledger = LedgerOf(parsed.GetValue(folder)?.FullName);
            if (parsed.GetValue(name) is { } asked)
            {
                Print(RecipeSheet.Of(asked, root), ledger);
                return ExitCode.Done;
            }

            Console.WriteLine(new DataTable(
                [new("recipe"), new("command"), new("minutes"), new("hardware"), new("shows"), new("last measured")],
                [.. RecipeSheet.Names.Select(known => Line(RecipeSheet.Of(known, root), ledger))]).ToText());
            return ExitCode.Done;
        });
        return command;
    }

    private static ClaimsLedger? LedgerOf(string? asked)
    {
        if (asked is null && !Directory.Exists(ClaimsLedger.DefaultFolder))
        {
            Console.Error.WriteLine($"There is no folder '{ClaimsLedger.DefaultFolder}' here, so what was measured is not shown. Run this in the repository, or give --ledger FOLDER.");
            return null;
        }

        return ClaimsLedger.Read(asked ?? ClaimsLedger.DefaultFolder);
    }

    private static IReadOnlyList<object?> Line(RecipeSheet sheet, ClaimsLedger? ledger)
    {
        LedgerRow? row = ledger?.RowOf(sheet.Name);
        return [sheet.Name, sheet.Command, sheet.Needs ?? row?.Minutes ?? Estimate(sheet), sheet.Needs ?? row?.Hardware, sheet.Shows, ledger is null ? null : sheet.Measured(ledger)];
    }

    private static string? Estimate(RecipeSheet sheet) => sheet.ExpectedSeconds is double seconds ? FormattableString.Invariant($"about {seconds / 60:0} on two cores, by its stages") : null;

    private static void Print(RecipeSheet sheet, ClaimsLedger? ledger)
    {
        LedgerRow? row = ledger?.RowOf(sheet.Name);
        Console.WriteLine($"{sheet.Name}: {sheet.Shows}");
        Console.WriteLine();
        (string, string?)[] lines =
        [
            ("command", sheet.Command),
            ("described in", sheet.Document),
            ("needs", sheet.Needs),
            ("estimate, minutes", Estimate(sheet)),
            ("claimed", row?.Claim),
            ("measured by", row?.Command),
            ("tolerance", row?.Tolerance),
            ("hardware", row?.Hardware),
            ("minutes", row?.Minutes),
            ("last measured", ledger is null ? null : sheet.Measured(ledger) ?? "not recorded"),
        ];
        foreach ((string title, string? text) in lines.Where(line => line.Item2 is { Length: > 0 }))
        {
            Console.WriteLine($"{title,-18} {text}");
        }

        foreach ((string title, DataTable table) in sheet.Parts().Concat(ledger is not null && sheet.Expected(ledger) is { } expected ? [expected] : []))
        {
            Console.WriteLine();
            Console.WriteLine(title);
            Console.WriteLine(table.ToText());
        }
    }
}
