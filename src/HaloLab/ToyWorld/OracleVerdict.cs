using HaloLab.Videos;

namespace HaloLab.ToyWorld;

/// <summary>Everything the oracle knows about one clip: what simulated raters look at, so that many may rate a clip that was fitted once.</summary>
/// <param name="Clip">The clip.</param>
/// <param name="Patches">Severity per patch.</param>
/// <param name="Measures">Measures of the whole clip.</param>
public sealed record OracleVerdict(VideoClip Clip, OracleAssessment Patches, OracleMeasures Measures)
{
    // What spoils the impression of a whole clip: a missed attribute or a wholly spoiled sixteenth of it cost about as much.
    private const double WeightOfDefects = 0.8;
    private const double WeightOfDisobedience = 0.8;
    private const double WeightOfAbsence = 0.4;

    // A clip is remembered for its worst sixteenth, not for its average.
    private const int RememberedShare = 16;

    /// <summary>Mean severity of the worst sixteenth of the patches (at least one), 0 .. 1.</summary>
    public double RememberedSeverity
        => Patches.Severities.OrderDescending().Take(Math.Max(1, Patches.Severities.Length / RememberedShare)).Average();

    /// <summary>What is wrong with the clip as a whole, 0 (nothing) .. 1: remembered defects, disobedience, objects that are missing.</summary>
    public double OverallFault => Math.Min(
        1.0,
        (WeightOfDefects * RememberedSeverity) + (WeightOfDisobedience * (1.0 - Measures.Obedience)) + (WeightOfAbsence * (1.0 - Measures.ObjectPresence)));

    /// <summary>Asks the oracle.</summary>
    public static OracleVerdict Of(VideoClip clip, ToyCaption caption, PatchGrid grid)
        => new(clip, ToyOracle.Assess(clip, caption, grid), ToyOracle.Measure(clip, caption));
}
