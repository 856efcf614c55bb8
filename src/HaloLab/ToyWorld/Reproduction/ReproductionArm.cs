using HaloLab.GranDpo;
using HaloLab.Videos;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>One way to tune the generator. All arms share pairs, noise, steps and trained parameters.</summary>
/// <param name="Name">Short name for folders.</param>
/// <param name="Title">Name in tables.</param>
/// <param name="Objective">What is minimised.</param>
/// <param name="VideoReward">What the video term compares.</param>
/// <param name="Grid">Patches of the objective; null for the run's own.</param>
/// <param name="LearningRate">Peak learning rate.</param>
public sealed record ReproductionArm(
    string Name,
    string Title,
    GranDpoOptions Objective,
    VideoRewardSource VideoReward = VideoRewardSource.Video,
    PatchGrid? Grid = null,
    double LearningRate = 1e-4)
{
    private const double BetaVideo = 500;
    private const double BetaPatch = 100;
    private const double Eta = 0.1;
    private const double TauPatch = 0.5;

    /// <summary>Fine-tuning on the preferred clips.</summary>
    public static ReproductionArm Sft { get; } = new("sft", "SFT on preferred", new GranDpoOptions { Terms = PreferenceTerms.None, Eta = 1 });

    /// <summary>Diffusion-DPO (Wallace et al. 2023, arXiv 2311.12908): video rewards alone.</summary>
    public static ReproductionArm DiffusionDpo { get; } = new("diffusion-dpo", "Diffusion-DPO", new GranDpoOptions { Terms = PreferenceTerms.VideoOnly, BetaVideo = BetaVideo, Eta = Eta });

    /// <summary>Video-only DPO on the mean of the same patch rewards: extra supervision without granularity.</summary>
    public static ReproductionArm PatchMeanDpo { get; } = new("patch-mean-dpo", "Patch-mean DPO", new GranDpoOptions { Terms = PreferenceTerms.VideoOnly, BetaVideo = BetaVideo, Eta = Eta }, VideoRewardSource.PatchMean);

    /// <summary>The patch term alone.</summary>
    public static ReproductionArm PatchOnly { get; } = new("patch-only", "Patch only", new GranDpoOptions { Terms = PreferenceTerms.PatchOnly, BetaPatch = BetaPatch, TauPatch = TauPatch, Eta = Eta });

    /// <summary>Preferences per segment of time, whole pictures.</summary>
    public static ReproductionArm Segments { get; } = new("segments", "Temporal segments", new GranDpoOptions { BetaVideo = BetaVideo, BetaPatch = BetaPatch, TauPatch = TauPatch, Eta = Eta }, Grid: new PatchGrid(4, 1, 1));

    /// <summary>Gran-DPO: video and patch preferences together (DESIGN D3).</summary>
    public static ReproductionArm Halo { get; } = new("halo", "HALO (Gran-DPO)", new GranDpoOptions { BetaVideo = BetaVideo, BetaPatch = BetaPatch, TauPatch = TauPatch, Eta = Eta });

    public static IReadOnlyList<ReproductionArm> All { get; } = [Sft, DiffusionDpo, PatchMeanDpo, PatchOnly, Segments, Halo];
}
