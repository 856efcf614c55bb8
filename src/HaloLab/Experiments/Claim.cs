using System.Globalization;
using HaloLab.Displays;
using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>One line of <c>claims.json</c> (DESIGN D7): a claim that was declared before the run, and what came out.</summary>
/// <param name="Id">C1 to C5b.</param>
/// <param name="Statement">What is claimed, and given what.</param>
/// <param name="Measure">The measure of the comparison that decides: the one whose interval is least favourable.</param>
/// <param name="Unit">What the interval resamples: prompts (given these trained models) or seeds.</param>
/// <param name="Estimate">Estimate of the deciding comparison.</param>
/// <param name="CiLow">Lower end of its interval.</param>
/// <param name="CiHigh">Upper end of its interval.</param>
/// <param name="Level">Level of every interval.</param>
/// <param name="N">Number of units.</param>
/// <param name="Seeds">Number of seeds.</param>
/// <param name="Threshold">What the interval is held against.</param>
/// <param name="Verdict">Shown only when every comparison is.</param>
/// <param name="Mde">Smallest difference from the threshold that the deciding comparison could have shown with power 0.8.</param>
/// <param name="Comparisons">All comparisons that the claim needs.</param>
public sealed record Claim(
    string Id,
    string Statement,
    string Measure,
    string Unit,
    double Estimate,
    double CiLow,
    double CiHigh,
    double Level,
    int N,
    int Seeds,
    double Threshold,
    Verdict Verdict,
    double Mde,
    IReadOnlyList<ClaimComparison> Comparisons)
{
    /// <summary>A claim that needs all of the comparisons, each at the full level.</summary>
    /// <param name="id">C1 to C5b.</param>
    /// <param name="statement">What is claimed.</param>
    /// <param name="comparisons">At least one.</param>
    public static Claim Of(string id, string statement, IReadOnlyList<ClaimComparison> comparisons)
    {
        ArgumentNullException.ThrowIfNull(comparisons);
        ClaimComparison deciding = comparisons.MinBy(comparison => comparison.Slack)!;
        return new Claim(
            id,
            statement,
            deciding.Measure,
            deciding.Unit,
            deciding.Estimate,
            deciding.CiLow,
            deciding.CiHigh,
            deciding.Level,
            deciding.N,
            deciding.Seeds,
            deciding.Threshold,
            ClaimRule.All([.. comparisons.Select(comparison => comparison.Verdict)]),
            deciding.Mde,
            comparisons);
    }

    /// <summary>The claim as a line of a <see cref="ClaimsTable"/>: the comparison that decides.</summary>
    public ClaimRow ToRow() => new(
        Id,
        Statement,
        Measure,
        new Interval(Estimate, CiLow, CiHigh, Level),
        new ClaimRule(Threshold, Comparisons.First(comparison => comparison.Measure == Measure).Direction),
        N,
        Verdict,
        string.Create(CultureInfo.InvariantCulture, $"resampled by {Unit}; smallest detectable difference {Mde:g2}"));

    /// <summary>All comparisons as forest plots, one for each thing that is measured: a comparison's measure reads "what is measured: which difference".</summary>
    public IReadOnlyList<ForestPlot> Plots() => [.. Comparisons.GroupBy(comparison => (comparison.Threshold, Measured: comparison.Measure.Split(": ")[0])).Select(group =>
        new ForestPlot(
            group.Key.Measured,
            "difference",
            [.. group.Select(comparison => new ForestRow(comparison.Measure.Split(": ")[^1], new Interval(comparison.Estimate, comparison.CiLow, comparison.CiHigh, comparison.Level), comparison.Verdict))],
            group.Key.Threshold))];
}
