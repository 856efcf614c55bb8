namespace HaloLab.ToyWorld.Reproduction;

/// <summary>A pair of candidates by their places.</summary>
public sealed record CandidatePair(int A, int B);
