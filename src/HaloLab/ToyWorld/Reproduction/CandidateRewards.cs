namespace HaloLab.ToyWorld.Reproduction;

/// <summary>What the patch reward model says about the candidates, in their order.</summary>
/// <param name="Video">Video reward of each, on the scale of the annotators' grades.</param>
/// <param name="Patches">Patch rewards of each, in the order time, row, column, on the scale of the teacher's grades.</param>
public sealed record CandidateRewards(double[] Video, double[][] Patches);
