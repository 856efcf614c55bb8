namespace HaloLab.Experiments.Defects;

/// <summary>What a judge says of clips as a whole.</summary>
/// <param name="Judge">Who and what, in words.</param>
/// <param name="Clips">By file: the score, higher is better.</param>
public sealed record VideoVerdicts(string Judge, IReadOnlyDictionary<string, double> Clips);
