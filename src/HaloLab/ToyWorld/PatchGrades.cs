using HaloLab.Videos;

namespace HaloLab.ToyWorld;

/// <summary>What one simulated rater said about the patches of a clip and about the clip as a whole, on a scale of 1 (worst) to 5 (nothing wrong).</summary>
/// <param name="Rater">Who; always begins with <c>simulated</c>.</param>
/// <param name="ClipHash">The clip's content hash.</param>
/// <param name="Grid">The cells.</param>
/// <param name="Cells">Grades in the order time, row, column; null where the rater gave none.</param>
/// <param name="Clip">The grade of the clip as a whole, null when none was given.</param>
public sealed record PatchGrades(string Rater, string ClipHash, PatchGrid Grid, int?[] Cells, int? Clip);
