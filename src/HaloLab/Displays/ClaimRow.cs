using HaloLab.Statistics;

namespace HaloLab.Displays;

/// <summary>One line of a <see cref="ClaimsTable"/> (DESIGN D7).</summary>
/// <param name="Id">C1 … C5b.</param>
/// <param name="Statement">The claim in words.</param>
/// <param name="Measure">What was measured, with the unit it is taken over: "Spearman, per clip".</param>
/// <param name="Interval">Null where it was not run.</param>
/// <param name="Rule">Threshold and direction, declared before the run.</param>
/// <param name="Count">How many units, or null.</param>
/// <param name="Verdict">From interval and rule, for the claim as a whole.</param>
/// <param name="Remark">What the reader must know beside it ("given these trained models"), or empty.</param>
public sealed record ClaimRow(string Id, string Statement, string Measure, Interval? Interval, ClaimRule Rule, int? Count, Verdict Verdict, string Remark = "");
