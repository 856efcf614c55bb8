using HaloLab.Statistics;

namespace HaloLab.Experiments;

/// <summary>How far a model's clips lie from those of the reference, or how like they are.</summary>
/// <param name="Model">The model.</param>
/// <param name="Score">What is measured.</param>
/// <param name="Clips">Clips of the model that count.</param>
/// <param name="ReferenceClips">Clips of the reference that count.</param>
/// <param name="Prompts">Prompts of either, the independent units.</param>
/// <param name="Value">The value with its 95 % interval over prompts; undefined where there is a <paramref name="Reason"/>.</param>
/// <param name="Uncorrected">The Fréchet distance as it is usually given, not corrected for the number of clips; null for other scores.</param>
/// <param name="Change">The value minus that of the first model; null without a reference of its own, and for the first model.</param>
/// <param name="Reason">Why there is no value; empty where there is one.</param>
public sealed record ReferenceDistance(string Model, string Score, int Clips, int ReferenceClips, int Prompts, Interval Value, double? Uncorrected = null, Interval? Change = null, string Reason = "");
