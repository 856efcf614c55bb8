using HaloLab.Statistics;

namespace HaloLab.Evaluation.Defects;

/// <summary>How a share of defects differs between two models.</summary>
/// <param name="Group">What it is one of: existence, time, place, kind.</param>
/// <param name="Name">What is counted.</param>
/// <param name="First">Mean over the prompts of both, of the model that is held against.</param>
/// <param name="Second">Of the model that is held.</param>
/// <param name="Difference">Second minus first over prompts.</param>
/// <param name="Deviation">Standard deviation of the prompts' differences.</param>
/// <param name="Holm">The p-value corrected for the number of comparisons beside the declared one; NaN for that one.</param>
public sealed record DefectDifference(string Group, string Name, double First, double Second, PairedDifference Difference, double Deviation, double Holm);
