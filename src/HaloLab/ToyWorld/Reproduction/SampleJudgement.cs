using System.Text.Json.Serialization;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>What both evaluation methods say about one sample.</summary>
/// <param name="Clip">Content hash.</param>
/// <param name="Prompt">Its prompt.</param>
/// <param name="Severities">The oracle's severity of each patch, 0 (fine) to 1.</param>
/// <param name="Measures">The oracle's measures of the clip.</param>
/// <param name="Scores">The learned scorer's five dimensions, 1 to 4.</param>
public sealed record SampleJudgement(string Clip, string Prompt, double[] Severities, OracleMeasures Measures, double[] Scores)
{
    private const double WorstFlicker = 0.1;

    /// <summary>First evaluation method: the oracle's measures, each 0 to 1, averaged.</summary>
    [JsonIgnore]
    public double OracleScore => new[]
    {
        Measures.ObjectFidelity,
        Measures.Obedience,
        Measures.ObjectPresence,
        Measures.BackgroundCleanliness,
        Math.Min(1, Measures.Motion / OracleMeasures.LivelySpeed),
        1 - Math.Min(1, Measures.Flicker / WorstFlicker),
    }.Average();

    /// <summary>Second evaluation method: the mean of the learned scorer's five dimensions, 1 to 4.</summary>
    [JsonIgnore]
    public double LearnedScore => Scores.Average();

    /// <summary>Share of the patches whose severity exceeds the threshold.</summary>
    public double DefectShare(double threshold) => Severities.Count(severity => severity > threshold) / (double)Severities.Length;
}
