using HaloLab.Statistics;

namespace HaloLab.Evaluation.Agreement;

/// <summary>How well one annotator agrees with the mean of the others: a model that reaches it agrees with people as they agree with each other.</summary>
/// <param name="Measure">What was measured, in words.</param>
/// <param name="Value">Mean over annotators.</param>
public sealed record CeilingMeasure(string Measure, Interval Value);
