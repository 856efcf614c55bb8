using HaloLab.GranDpo;
using HaloLab.Videos;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>One way to tune the generator. All arms share pairs, noise, steps and trained parameters.</summary>
/// <param name="Name">Short name for folders.</param>
/// <param name="Title">Name in tables.</param>
/// <param name="Terms">Which preferences the objective has.</param>
/// <param name="Setting">Chosen on development prompts (docs/tuning.md).</param>
/// <param name="VideoReward">What the video term compares.</param>
/// <param name="Grid">Patches of the objective; null for the run's own.</param>
public sealed record ReproductionArm(
    string Name,
    string Title,
    PreferenceTerms Terms,
    ArmSetting Setting,
    VideoRewardSource VideoReward = VideoRewardSource.Video,
    PatchGrid? Grid = null)
{
    /// <summary>λ, the share of the video term, 0 to 1. Default 0.5.</summary>
    public double Lambda { get; init; } = 0.5;

    /// <summary>τ_v: video rewards that differ by no more are tied, in grades of the annotators. Default 0.</summary>
    public double TauVideo { get; init; }

    /// <summary>τ_p: rewards of one patch of the run's grid that differ by no more are tied, in grades of the teacher. Default 0.5.</summary>
    public double TauPatch { get; init; } = 0.5;

    /// <summary>w_p. Default uniform.</summary>
    public PatchWeighting Weighting { get; init; }

    /// <summary>φ. Default sigmoid.</summary>
    public PreferenceForm Form { get; init; }

    /// <summary>ε, 0 to below ½, sigmoid only. Default 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Fine-tuning on the preferred clips.</summary>
    public static ReproductionArm Sft { get; } = new("sft", "SFT on preferred", PreferenceTerms.None, new ArmSetting(2.5e-5));

    /// <summary>Diffusion-DPO (Wallace et al. 2023, arXiv 2311.12908): video rewards alone.</summary>
    public static ReproductionArm DiffusionDpo { get; } = new("diffusion-dpo", "Diffusion-DPO", PreferenceTerms.VideoOnly, new ArmSetting(1e-4, Eta: 0.4));

    /// <summary>Video-only DPO on the mean of the same patch rewards: extra supervision without granularity.</summary>
    public static ReproductionArm PatchMeanDpo { get; } = new("patch-mean-dpo", "Patch-mean DPO", PreferenceTerms.VideoOnly, new ArmSetting(1e-4, Eta: 0.4), VideoRewardSource.PatchMean);

    /// <summary>The patch term alone.</summary>
    public static ReproductionArm PatchOnly { get; } = new("patch-only", "Patch only", PreferenceTerms.PatchOnly, new ArmSetting(5e-5));

    /// <summary>Preferences per segment of time, whole pictures.</summary>
    public static ReproductionArm Segments { get; } = new("segments", "Temporal segments", PreferenceTerms.VideoAndPatch, new ArmSetting(1e-4, BetaPatch: 250), Grid: new PatchGrid(4, 1, 1));

    /// <summary>Gran-DPO: video and patch preferences together (DESIGN D3).</summary>
    public static ReproductionArm Halo { get; } = new("halo", "HALO (Gran-DPO)", PreferenceTerms.VideoAndPatch, new ArmSetting(5e-5));

    /// <summary>Video preferences where the clips of a pair differ: no place counts whose patch rewards are tied. No preset has it, and its setting is HALO's: none was chosen for it.</summary>
    public static ReproductionArm RegionMasked { get; } = new("region-masked", "Region-masked DPO", PreferenceTerms.RegionOnly, Halo.Setting);

    /// <summary>What a whole reproduction compares.</summary>
    public static IReadOnlyList<ReproductionArm> All { get; } = [Sft, DiffusionDpo, PatchMeanDpo, PatchOnly, Segments, Halo];

    /// <summary>What pairs of given videos can be trained by: all of them.</summary>
    public static IReadOnlyList<ReproductionArm> Known { get; } = [.. All, RegionMasked];

    /// <summary>
    /// What is minimised. Where a patch of the objective is the mean of several of the run's, one of them being worse by τ_p is enough to count.
    /// Fine-tuning alone has weight 1: Adam makes no difference between weights.
    /// </summary>
    /// <param name="rewards">Grid of the run's patch rewards.</param>
    public GranDpoOptions Objective(PatchGrid rewards) => new()
    {
        Terms = Terms,
        Lambda = Lambda,
        BetaVideo = Setting.BetaVideo,
        BetaPatch = Setting.BetaPatch,
        TauVideo = TauVideo,
        TauPatch = TauPatch * (Grid ?? rewards).Count / rewards.Count,
        Weighting = Weighting,
        Form = Form,
        LabelSmoothing = LabelSmoothing,
        Eta = Terms == PreferenceTerms.None ? 1 : Setting.Eta,
    };
}
