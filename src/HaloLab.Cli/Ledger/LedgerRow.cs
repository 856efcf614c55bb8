using System.Text.Json.Serialization;

namespace HaloLab.Cli.Ledger;

/// <summary>One claim that a command of the repository measures: a file in <c>claims/rows</c>.</summary>
/// <param name="Claim">What is claimed, in markdown without line breaks or bars.</param>
/// <param name="Command">What measures it.</param>
/// <param name="Expected">What it must say.</param>
/// <param name="Tolerance">How far off it may be; may be empty.</param>
/// <param name="Hardware">On what.</param>
/// <param name="Minutes">How long it takes.</param>
/// <param name="Results">What came out, latest first; those that went badly stay. None: not run.</param>
/// <param name="Recipes">Recipes that it measures, as <c>halolab recipes</c> names them; null: none.</param>
internal sealed record LedgerRow(string Claim, string Command, string Expected, string Tolerance, string Hardware, string Minutes, IReadOnlyList<LedgerResult> Results, IReadOnlyList<string>? Recipes = null)
{
    /// <summary>The latest result; null: not run.</summary>
    [JsonIgnore]
    public LedgerResult? Latest => Results.Count == 0 ? null : Results[0];

    /// <summary>The row of the table in REPRODUCING.md.</summary>
    public string ToMarkdown() => $"| {Claim} | {Command} | {Expected} |{(Tolerance.Length == 0 ? "" : $" {Tolerance}")} | {Hardware} | {Minutes} | {string.Join("; ", Results.Select(result => result.ToMarkdown()).DefaultIfEmpty("not run"))} |";
}
