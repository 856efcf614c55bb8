using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Numbers behind claims C1 and C2 that their differences do not show, over all seeds.</summary>
/// <param name="Agreement">Agreement with the annotators by measure.</param>
/// <param name="Efficiency">Agreement by reward model and number of labels.</param>
/// <param name="LabelRatio">
/// The share of the labels at which the continued model reaches the agreement that the patch-only model has with all of them, on lines through each seed's numbers of
/// labels (<see cref="Experiments.Rewards.LabelEfficiency"/>).
/// </param>
/// <param name="LabelRatioSeeds">Seeds whose lines have that share.</param>
/// <param name="VideoLabels">Labels of whole clips that the video reward model of stage 1 learned from.</param>
/// <param name="LabelRatioWithVideo">The share with these counted too, each as one grade.</param>
internal sealed record ClaimBackground(
    IReadOnlyList<ClaimBackground.AgreementRow> Agreement,
    IReadOnlyList<ClaimBackground.EfficiencyRow> Efficiency,
    Interval LabelRatio,
    int LabelRatioSeeds,
    int VideoLabels,
    Interval LabelRatioWithVideo)
{
    /// <param name="Measure">The measure.</param>
    /// <param name="Model">Mean over annotators of the patch reward model's agreement with all others.</param>
    /// <param name="Annotators">Mean over annotators of their own agreement with all others.</param>
    internal sealed record AgreementRow(string Measure, double Model, double Annotators);

    /// <param name="Arm">How the reward model was trained.</param>
    /// <param name="LabelledPrompts">Prompts whose clips were graded.</param>
    /// <param name="PooledSpearman">Correlation of its patch rewards with the annotators' mean grades.</param>
    internal sealed record EfficiencyRow(string Arm, int LabelledPrompts, double PooledSpearman);
}
