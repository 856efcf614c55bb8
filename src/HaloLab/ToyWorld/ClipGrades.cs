namespace HaloLab.ToyWorld;

/// <summary>
/// What one simulated annotator said about a clip in VideoScore's five dimensions (He et al. 2024, arXiv 2406.15252), on its scale of 1 (bad) to
/// 4 (perfect); null where no grade was given.
/// </summary>
/// <param name="Rater">Who; always begins with <c>simulated</c>.</param>
/// <param name="ClipHash">The clip's content hash.</param>
/// <param name="VisualQuality">Are the pictures clean and the objects well drawn?</param>
/// <param name="TemporalConsistency">Does what is there stay the same from frame to frame?</param>
/// <param name="DynamicDegree">Does something move?</param>
/// <param name="TextAlignment">Is it what the caption asked for?</param>
/// <param name="FactualConsistency">Do the objects exist and keep their form throughout?</param>
public sealed record ClipGrades(
    string Rater,
    string ClipHash,
    int? VisualQuality,
    int? TemporalConsistency,
    int? DynamicDegree,
    int? TextAlignment,
    int? FactualConsistency);
