namespace HaloLab.Evaluation.Ratings;

/// <summary>What people and a scorer said of one video.</summary>
/// <param name="Id">The video.</param>
/// <param name="Human">People's rating in each dimension.</param>
/// <param name="Scores">The scorer's score in each dimension; NaN where it has none.</param>
public sealed record RatedVideo(string Id, IReadOnlyList<double> Human, IReadOnlyList<double> Scores);
