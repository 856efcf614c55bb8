using System.Text.Json.Serialization;
using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>A statement about a variant, decided (DESIGN D7).</summary>
/// <param name="Id">Grid, variant and measure.</param>
/// <param name="Variant">The variant.</param>
/// <param name="Statement">The statement.</param>
/// <param name="Measure">What is measured: which difference.</param>
/// <param name="Rule">Threshold and direction, declared before the run.</param>
/// <param name="Comparison">Baseline − variant with interval and smallest detectable effect at their own level; its verdict is not corrected. Null: not run.</param>
/// <param name="P">Two-sided p-value against the threshold; NaN where undefined.</param>
/// <param name="PHolm">Corrected for all statements of the grid by Holm's method.</param>
/// <param name="Verdict">From interval, threshold and corrected p-value.</param>
/// <param name="Interesting">The smallest difference that would matter.</param>
/// <param name="IsNegligible">Whether the whole interval lies nearer to 0 than that.</param>
/// <param name="CouldHaveShown">Whether the smallest detectable effect is not above it: a "not shown" then says something.</param>
public sealed record AblationFinding(
    string Id,
    string Variant,
    string Statement,
    string Measure,
    ClaimRule Rule,
    ClaimComparison? Comparison,
    double P,
    double PHolm,
    Verdict Verdict,
    double Interesting,
    bool IsNegligible,
    bool CouldHaveShown)
{
    /// <summary>Baseline − variant; null: not run.</summary>
    [JsonIgnore]
    public Interval? Interval => Comparison is { } comparison ? new Interval(comparison.Estimate, comparison.CiLow, comparison.CiHigh, comparison.Level) : null;

    /// <summary>The finding as a line of a <see cref="ClaimsTable"/>.</summary>
    public ClaimRow ToRow() => new(Variant, Statement, Measure, Interval, Rule, Comparison?.N, Verdict, Comparison is null ? "a run failed" : Remark(Comparison));

    private string Remark(ClaimComparison comparison) =>
        $"by {comparison.Unit}; p {DisplayNumber.Format(P, "0.0000")}, corrected {DisplayNumber.Format(PHolm, "0.0000")}; smallest detectable difference {DisplayNumber.Format(comparison.Mde, "G2")}, interesting from {DisplayNumber.Chosen(Interesting)}{(IsNegligible ? "; negligible" : "")}";
}
