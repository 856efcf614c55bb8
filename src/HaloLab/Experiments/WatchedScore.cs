namespace HaloLab.Experiments;

/// <summary>One score of a model in training.</summary>
/// <param name="Scorer">The scorer.</param>
/// <param name="Name">Scorer and score.</param>
/// <param name="Values">Of the clip of each prompt, in the order of the prompts; null where it could not be scored.</param>
public sealed record WatchedScore(string Scorer, string Name, IReadOnlyList<double?> Values);
