using HaloLab.Statistics;

namespace HaloLab.Cli.Ledger;

/// <summary>What came out when somebody ran a row's command.</summary>
/// <param name="Date">The day, for example <c>2026-11-27</c>.</param>
/// <param name="Verdict">Whether the claim held: shown, not shown or contradicted.</param>
/// <param name="Commit">What was run, short; null where it was not noted.</param>
/// <param name="Measured">What was measured, in markdown; null: nothing beside the verdict.</param>
internal sealed record LedgerResult(string Date, Verdict Verdict, string? Commit = null, string? Measured = null)
{
    /// <summary>The result in a cell of a table.</summary>
    public string ToMarkdown() => $"{Date}{(Commit is null ? "" : $", commit {Commit}")}{(Measured is null ? "" : $": {Measured}")}";
}
