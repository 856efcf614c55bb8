namespace HaloLab.ToyWorld.Reproduction;

/// <summary>What was said about one candidate clip.</summary>
/// <param name="Clip">Content hash.</param>
/// <param name="Prompt">Its prompt.</param>
/// <param name="Teacher">The teacher's grades, null where it was not asked.</param>
/// <param name="VideoGrade">Mean clip grade of the annotators, NaN when none gave one.</param>
public sealed record CandidateLabels(string Clip, string Prompt, PatchGrades? Teacher, double VideoGrade);
