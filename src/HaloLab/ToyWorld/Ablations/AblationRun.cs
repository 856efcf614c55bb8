using HaloLab.Experiments;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>What became of one variant with one seed.</summary>
/// <param name="Variant">The variant.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Stages">Every stage that it needs, finished; empty where it failed.</param>
/// <param name="Judgement">What is said about its samples; null where it failed.</param>
/// <param name="Error">Why it failed; null where it did not.</param>
internal sealed record AblationRun(AblationVariant Variant, long Seed, IReadOnlyList<StageResult> Stages, ArmJudgement? Judgement, string? Error);
