namespace HaloLab.Preferences.Labels;

/// <summary>A label as the store holds it.</summary>
/// <param name="Label">What was said.</param>
/// <param name="Revision">0 for the first answer to its question, 1 for its first correction, and so on.</param>
/// <param name="IsCurrent">Whether no correction supersedes it.</param>
/// <param name="RecordedAt">When it was written into a store first, in UTC.</param>
/// <param name="Source">Where it came from: a file, a run, an annotation session.</param>
public sealed record StoredLabel(Label Label, int Revision, bool IsCurrent, DateTimeOffset RecordedAt, string Source);
