namespace HaloLab.ToyWorld.Reproduction;

/// <summary>What of an arm is chosen on development prompts (docs/tuning.md); an arm ignores what its objective does not have.</summary>
/// <param name="LearningRate">Peak learning rate.</param>
/// <param name="BetaVideo">β_v.</param>
/// <param name="BetaPatch">β_p.</param>
/// <param name="Eta">η, weight of fine-tuning on the preferred clip.</param>
public sealed record ArmSetting(double LearningRate, double BetaVideo = 500, double BetaPatch = 100, double Eta = 0.1);
