using System.Text.Json;
using HaloLab.Experiments;

namespace HaloLab.Cli.Ledger;

/// <summary>
/// The folder <c>claims</c>: <c>rows/*.json</c> (what commands measure), <c>toy.json</c> (the paper's claims, declared), <c>runs/*.json</c> (what runs said) and
/// <c>reproducing.md</c>, the text that REPRODUCING.md is made from.
/// </summary>
/// <param name="Rows">Rows in the order of their files' names.</param>
/// <param name="Claims">The declared claims.</param>
/// <param name="Runs">The recorded runs, in the order of their files' names.</param>
/// <param name="Template">The text.</param>
internal sealed record ClaimsLedger(IReadOnlyList<LedgerRow> Rows, IReadOnlyList<DeclaredClaim> Claims, IReadOnlyList<RecordedRun> Runs, string Template)
{
    /// <summary>Where the ledger of a repository lies.</summary>
    public const string DefaultFolder = "claims";

    private const string RunsFolder = "runs";

    /// <summary>Reads a ledger.</summary>
    /// <exception cref="InputException">A file is missing or does not hold what it should.</exception>
    public static ClaimsLedger Read(string folder)
    {
        string template = Path.Combine(folder, "reproducing.md");
        if (!File.Exists(template))
        {
            throw new InputException($"{folder}: is no ledger of claims, it has no reproducing.md. Run this in the repository, or give --ledger FOLDER.");
        }

        return new ClaimsLedger([.. FilesOf(folder, "rows").Select(ReadRow)], JsonFile.Read<DeclaredClaim[]>(Path.Combine(folder, "toy.json")), [.. FilesOf(folder, RunsFolder).Select(JsonFile.Read<RecordedRun>)], File.ReadAllText(template));
    }

    /// <summary>Keeps a run in a ledger under its name, in the place of an earlier one of that name.</summary>
    /// <returns>The file.</returns>
    public static string Record(string folder, RecordedRun run)
    {
        string path = Path.Combine(folder, RunsFolder, $"{run.Name}.json");
        JsonFile.Write(path, run);
        return path;
    }

    /// <summary>A recorded run, or null.</summary>
    public RecordedRun? Find(string run) => Runs.FirstOrDefault(known => known.Name == run);

    /// <summary>The first row that measures a recipe, or null.</summary>
    public LedgerRow? RowOf(string recipe) => Rows.FirstOrDefault(row => row.Recipes?.Contains(recipe) == true);

    private static IEnumerable<string> FilesOf(string folder, string kind) =>
        Directory.Exists(Path.Combine(folder, kind)) ? Directory.GetFiles(Path.Combine(folder, kind), "*.json").Order(StringComparer.Ordinal) : [];

    private static LedgerRow ReadRow(string path)
    {
        LedgerRow row = JsonFile.Read<LedgerRow>(path);
        string? broken = new[] { row.Claim, row.Command, row.Expected, row.Tolerance, row.Hardware, row.Minutes }.Concat(row.Results.Select(result => result.ToMarkdown())).FirstOrDefault(cell => cell.AsSpan().ContainsAny("|\r\n"));
        if (broken is not null)
        {
            throw new InputException($"{path}: {JsonSerializer.Serialize(broken)} holds a bar or a line break, which a cell of a table cannot. Write it otherwise.");
        }

        return row;
    }
}
