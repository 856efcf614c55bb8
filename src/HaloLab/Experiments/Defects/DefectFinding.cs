using HaloLab.Statistics;

namespace HaloLab.Experiments.Defects;

/// <summary>A number about the defects of a model's clips.</summary>
/// <param name="Group">What it is one of: existence, kind, size, concentration, time, neighbours, video score, prompt, place.</param>
/// <param name="Name">What is counted.</param>
/// <param name="Value">Its value with a 95 % interval over prompts; undefined with fewer than two prompts.</param>
/// <param name="Prompts">Prompts that it rests on.</param>
/// <param name="AtRandom">What it would be if defects lay anywhere by chance; NaN where that says nothing.</param>
/// <param name="PValue">Test against what chance gives; NaN where none is made.</param>
/// <param name="Holm">The same corrected for the tests of its group.</param>
public sealed record DefectFinding(string Group, string Name, Interval Value, int Prompts, double AtRandom = double.NaN, double PValue = double.NaN, double Holm = double.NaN);
