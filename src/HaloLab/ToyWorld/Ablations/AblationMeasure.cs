using HaloLab.Evaluation;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>What the samples of a variant are judged by.</summary>
/// <param name="Name">What it is called in a grid's file.</param>
/// <param name="Title">Its name with its unit.</param>
/// <param name="HigherIsBetter">False for defects.</param>
/// <param name="Of">The measure of an arm's samples, given the severity above which a patch is defective.</param>
internal sealed record AblationMeasure(string Name, string Title, bool HigherIsBetter, Func<ArmJudgement, double, PromptStatistic> Of)
{
    /// <summary>All measures.</summary>
    public static IReadOnlyList<AblationMeasure> All { get; } =
    [
        new("defectivePatches", "share of defective patches", false, (arm, threshold) => arm.ByPrompt(row => row.DefectShare(threshold))),
        new("oracleScore", "oracle score", true, (arm, _) => arm.ByPrompt(row => row.OracleScore)),
        new("learnedScore", "learned scorer", true, (arm, _) => arm.ByPrompt(row => row.LearnedScore)),
        new("obedience", "caption obedience", true, (arm, _) => arm.ByPrompt(row => row.Measures.Obedience)),
        new("presence", "object presence", true, (arm, _) => arm.ByPrompt(row => row.Measures.ObjectPresence)),
        new("motion", "motion in pixels per frame", true, (arm, _) => arm.ByPrompt(row => row.Measures.Motion)),
        new("diversity", "diversity of a prompt's samples", true, (arm, _) => arm.Diversity()),
    ];
}
