using HaloLab.Statistics;

namespace HaloLab.Displays;

/// <summary>One line of a <see cref="ForestPlot"/>.</summary>
/// <param name="Label">What was estimated.</param>
/// <param name="Interval">Null where it was not run.</param>
/// <param name="Verdict">Colours the row; null: no verdict.</param>
public sealed record ForestRow(string Label, Interval? Interval, Verdict? Verdict = null);
