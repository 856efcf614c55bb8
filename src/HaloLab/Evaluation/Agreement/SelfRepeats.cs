namespace HaloLab.Evaluation.Agreement;

/// <summary>How one annotator agrees with itself where the same was asked again.</summary>
/// <param name="Annotator">Who.</param>
/// <param name="Units">What was asked twice.</param>
/// <param name="Same">Share of it with the same rating.</param>
/// <param name="Alpha">Krippendorff's α of both rounds, NaN where all ratings are one.</param>
public sealed record SelfRepeats(string Annotator, int Units, double Same, double Alpha);
