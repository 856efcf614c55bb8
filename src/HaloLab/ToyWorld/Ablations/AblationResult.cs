using System.Text.Json;
using HaloLab.Displays;

namespace HaloLab.ToyWorld.Ablations;

/// <summary><c>ablation.json</c>: what a grid's variants came to.</summary>
/// <param name="Grid">Name of the grid.</param>
/// <param name="Title">What it asks.</param>
/// <param name="GridSha256">Hash of its file.</param>
/// <param name="Preset">How much of everything there was.</param>
/// <param name="Seeds">The seeds.</param>
/// <param name="HaloLab">Version of HaloLab, with the commit.</param>
/// <param name="Device">Where it was computed.</param>
/// <param name="Threads">With how many threads.</param>
/// <param name="Stages">Different stages that all variants together need.</param>
/// <param name="Uses">The same, each counted for every variant and seed that needs it.</param>
/// <param name="Variants">The baseline and the variants.</param>
/// <param name="Findings">The statements, decided.</param>
public sealed record AblationResult(
    string Grid,
    string Title,
    string GridSha256,
    string Preset,
    IReadOnlyList<long> Seeds,
    string HaloLab,
    string Device,
    int Threads,
    int Stages,
    int Uses,
    IReadOnlyList<AblationResult.Arm> Variants,
    IReadOnlyList<AblationFinding> Findings)
{
    /// <summary>The file in the folder of an ablation.</summary>
    public const string FileName = "ablation.json";

    /// <summary>The statements with their verdicts.</summary>
    public ClaimsTable StatementsTable() => new([.. Findings.Select(finding => finding.ToRow())]);

    /// <summary>Means of every measure by variant, beside the baseline's.</summary>
    public AblationTable MeansTable() => new(
        "",
        [.. AblationMeasure.All.Select(measure => new AblationColumn(measure.Title, measure.HigherIsBetter))],
        [.. Variants.Select(arm => (arm.Name, (IReadOnlyList<double?>)[.. AblationMeasure.All.Select(measure => arm.Means.TryGetValue(measure.Name, out double mean) ? mean : (double?)null)]))]);

    /// <summary>One variant over all seeds; the first is the baseline.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Set">What it changes.</param>
    /// <param name="Means">Mean of each measure; empty where a seed failed.</param>
    /// <param name="Seconds">Wall time of all stages that it needs, as if it had been run alone. Of a stage that was interrupted only the call that finished it counts.</param>
    /// <param name="AddedSeconds">Of these, the time of stages that the baseline does not need.</param>
    /// <param name="Errors">What failed, by seed.</param>
    public sealed record Arm(
        string Name, IReadOnlyDictionary<string, JsonElement> Set, IReadOnlyDictionary<string, double> Means, double Seconds, double AddedSeconds, IReadOnlyDictionary<long, string> Errors);
}
