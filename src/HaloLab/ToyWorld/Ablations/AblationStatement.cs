using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>What a grid states about every variant, before it is run: on which side of a threshold the baseline's measure less the variant's lies.</summary>
/// <param name="Text">The statement, with <c>{variant}</c> in the variant's place.</param>
/// <param name="Measure">What is measured.</param>
/// <param name="Rule">Threshold and direction of baseline − variant.</param>
/// <param name="Interesting">The smallest difference that would matter, above 0, in the measure's unit.</param>
internal sealed record AblationStatement(string Text, AblationMeasure Measure, ClaimRule Rule, double Interesting)
{
    /// <summary>The statement about a variant.</summary>
    public string About(AblationVariant variant) => Text.Replace("{variant}", variant.Name, StringComparison.Ordinal);
}
