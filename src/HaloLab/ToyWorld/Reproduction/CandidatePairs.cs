using HaloLab.Preferences;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>The pairs that all arms learn from, and why the other combinations of candidates were dropped.</summary>
/// <param name="Rows">The pairs.</param>
/// <param name="Considered">Number of combinations that share prompt and layout.</param>
/// <param name="Dropped">Those that are no pair, by reason.</param>
public sealed record CandidatePairs(IReadOnlyList<CandidatePair> Rows, int Considered, IReadOnlyDictionary<PairDropReason, int> Dropped);
