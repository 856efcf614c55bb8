namespace HaloLab.Preferences.Labels;

/// <summary>How many current labels an annotator gave in a dimension.</summary>
public sealed record LabelCount(string Dimension, string Annotator, AnnotatorKind Kind, long Count);
