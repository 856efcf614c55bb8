namespace HaloLab.Distillation;

/// <summary>What a teacher said about one clip.</summary>
/// <param name="Labels">One label for each cell and dimension that was answered, in the order of cells, then dimensions.</param>
/// <param name="Checks">Second answers to the same questions: repeats and hidden duplicates. They measure the teacher and train nothing.</param>
/// <param name="Unanswered">Requests that had no usable answer after all attempts; the next run asks them again.</param>
public sealed record ClipLabels(IReadOnlyList<TeacherLabel> Labels, IReadOnlyList<TeacherLabel> Checks, int Unanswered);
