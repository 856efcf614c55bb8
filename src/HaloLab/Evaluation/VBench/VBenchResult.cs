namespace HaloLab.Evaluation.VBench;

/// <summary>One dimension in a result of VBench.</summary>
/// <param name="Value">The dimension's value, the mean that VBench takes there.</param>
/// <param name="Videos">Videos and their values; in the mixed scales of VBench's own files (imaging quality 0 to 100, booleans as 0 and 1).</param>
public sealed record VBenchResult(double Value, IReadOnlyList<(string Path, double Value)> Videos);
