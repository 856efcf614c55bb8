using System.CommandLine;
using HaloLab.Cli.Ledger;
using HaloLab.Displays;
using HaloLab.ToyWorld.Ablations;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Cli.Recipes;

/// <summary>What <c>halolab recipes</c> says of something that can be run by its name. Settings are read from the objects that run, numbers from the ledger of claims.</summary>
/// <param name="name">Its name.</param>
/// <param name="command">What starts it.</param>
/// <param name="document">Where it is described.</param>
internal abstract class RecipeSheet(string name, string command, string document)
{
    /// <summary>Names of all recipes: presets of <c>reproduce</c>, recipes of <c>run</c>, grids of <c>ablate</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. ReproductionSettings.Presets.Keys, .. Recipe.All.Select(recipe => recipe.Name), .. AblationGrid.Names];

    public string Name => name;

    public string Command => command;

    public string Document => document;

    /// <summary>What it shows.</summary>
    public abstract string Shows { get; }

    /// <summary>What must be known about its hardware and time beside what was measured, or null.</summary>
    public virtual string? Needs => null;

    /// <summary>Rough cost in seconds on two cores; null: nobody knows before its first steps are done.</summary>
    public virtual double? ExpectedSeconds => null;

    /// <summary>Settings and stages.</summary>
    public abstract IReadOnlyList<(string Title, DataTable Table)> Parts();

    /// <summary>What came out, in a few words; null where the ledger holds nothing of it.</summary>
    public abstract string? Measured(ClaimsLedger ledger);

    /// <summary>What is expected, and what came out; null where nothing of it is claimed.</summary>
    public virtual (string Title, DataTable Table)? Expected(ClaimsLedger ledger) => null;

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="root">The program, whose verbs are the steps of some recipes.</param>
    public static RecipeSheet Of(string name, RootCommand root) =>
        ReproductionSettings.Presets.TryGetValue(name, out ReproductionSettings? preset) ? new PresetSheet(preset)
        : Recipe.All.FirstOrDefault(recipe => recipe.Name == name) is { } recipe ? new StepsSheet(recipe, root)
        : new GridSheet(AblationGrid.Read(name));

    /// <summary>A line a setting, with what it is by default where that differs.</summary>
    protected static DataTable Settings(IReadOnlyDictionary<string, string> values, IReadOnlyDictionary<string, string> defaults) => new(
        [new("setting"), new("value"), new("by default")],
        [.. values.Select(item => (IReadOnlyList<object?>)[item.Key, item.Value, defaults.GetValueOrDefault(item.Key) is { } usual && usual != item.Value ? usual : ""])]);

    /// <summary>How a recorded run was made, as the heading of its numbers.</summary>
    protected static string Heading(RecordedRun run) =>
        FormattableString.Invariant($"Measured {run.Date} at commit {run.Commit} by {run.Command}, {run.Device}, threads: {run.Threads}{(run.Note.Length > 0 ? $" ({run.Note})" : "")}");
}
