using System.Text.Json.Nodes;
using HaloLab.Experiments;
using HaloLab.Experiments.Rewards;
using HaloLab.Generation;
using HaloLab.GranDpo;
using HaloLab.Optimisation;
using HaloLab.Preferences;
using HaloLab.Rewards;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>
/// One seed of a reproduction, asked stage by stage: what is not in the run's folder yet is computed, with all that it needs, and kept there. <c>halolab reproduce</c>
/// with the same preset and seed into the same folder has the very same stages, so whichever comes first computes and the other reads.
/// </summary>
public sealed class ToyRun
{
    private readonly ToyGeneratorFiles _generator;
    private readonly SeedStages _stages;
    private readonly RunStore _store;
    private readonly IRunProgress _progress;

    private ToyRun(ReproductionSettings settings, long seed, string folder, ToyGeneratorFiles generator, IRunProgress progress)
    {
        (Settings, Folder, _generator, _progress) = (settings, folder, generator, progress);
        _stages = new SeedStages(settings, seed, generator);
        _store = new RunStore(StagesOf(folder));
    }

    /// <summary>How much of everything there is.</summary>
    public ReproductionSettings Settings { get; }

    /// <summary>Seed of the run.</summary>
    public long Seed => _stages.Seed;

    /// <summary>Folder of the run.</summary>
    public string Folder { get; }

    /// <summary>A patch is defective when the oracle's severity exceeds this; flawless clips set it, before anything was tuned.</summary>
    public double DefectThreshold => _generator.DefectThreshold;

    /// <summary>Opens a run, begun or not. Computing goes on with the threads and the device that it was begun with.</summary>
    /// <param name="preset">Name of one of <see cref="ReproductionSettings.Presets"/>.</param>
    /// <param name="seed">Seed of every random number.</param>
    /// <param name="folder">Folder of the run, the <c>--out</c> of <c>halolab reproduce</c>.</param>
    /// <param name="progress">Told what is computed.</param>
    /// <param name="checkpoints">Folder of the toy checkpoints; null for those that ship.</param>
    /// <exception cref="InputException">There is no such preset, or a checkpoint is missing or broken.</exception>
    public static ToyRun Open(string preset, long seed, string folder, IRunProgress progress, string? checkpoints = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(progress);
        if (!ReproductionSettings.Presets.TryGetValue(preset, out ReproductionSettings? settings))
        {
            throw new InputException($"preset '{preset}': expected {string.Join(", ", ReproductionSettings.Presets.Keys)}.");
        }

        if (ComputeRecord.Find(StagesOf(folder)) is { } begun)
        {
            Compute.Use(begun.Device, begun.Threads);
        }

        return new ToyRun(settings, seed, folder, ToyGeneratorFiles.Open(checkpoints ?? ToyCheckpoints.Folder), progress);
    }

    /// <summary>The untuned generator; the caller disposes it.</summary>
    public ToyGenerator Generator() => _generator.Load();

    /// <summary>Candidate clips of the training prompts; the caller disposes them.</summary>
    public ClipBundle Candidates(CancellationToken cancellation = default) => CandidateStage.Load(FolderOf(_stages.Candidates, cancellation));

    /// <summary>What teacher and annotators say about the candidates, in their order.</summary>
    public IReadOnlyList<CandidateLabels> Labels(CancellationToken cancellation = default) =>
        JsonFile.Read<CandidateLabels[]>(Path.Combine(FolderOf(_stages.Labels, cancellation), LabelStage.File));

    /// <summary>A trained patch reward model; the caller disposes it.</summary>
    /// <param name="arm">Where its training starts and which losses it has.</param>
    /// <param name="labelledPrompts">One of the settings' label budgets; null for the largest.</param>
    /// <param name="cancellation">Stops the training after a step; the next call goes on.</param>
    public RewardModel RewardModel(RewardArm arm = RewardArm.Continued, int? labelledPrompts = null, CancellationToken cancellation = default) =>
        Rewards.RewardModel.Load(Path.Combine(FolderOf(_stages.ModelOf(arm, Budget(labelledPrompts)), cancellation), RewardStage.ModelFile));

    /// <summary>The measures of every step of a reward model's training.</summary>
    /// <inheritdoc cref="RewardModel"/>
    public IReadOnlyList<JsonObject> RewardTraining(RewardArm arm = RewardArm.Continued, int? labelledPrompts = null, CancellationToken cancellation = default) =>
        TrainingLoop.ReadMetrics(FolderOf(_stages.ModelOf(arm, Budget(labelledPrompts)), cancellation));

    /// <summary>What the continued reward model, trained on all labels, says about the candidates.</summary>
    public CandidateRewards CandidateRewards(CancellationToken cancellation = default) =>
        JsonFile.Read<CandidateRewards>(Path.Combine(FolderOf(_stages.Pairs, cancellation), PairStage.RewardsFile));

    /// <summary>The preference pairs that all arms share, by the places of their candidates.</summary>
    public CandidatePairs Pairs(CancellationToken cancellation = default) =>
        JsonFile.Read<CandidatePairs>(Path.Combine(FolderOf(_stages.Pairs, cancellation), PairStage.File));

    /// <summary>The same pairs with prompts and rewards, in their order.</summary>
    /// <param name="candidates">What <see cref="Candidates"/> gave.</param>
    /// <param name="cancellation">Stops what has to be computed; the next call goes on.</param>
    public IReadOnlyList<PreferencePair> Preferences(ClipBundle candidates, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        return PairStage.Preferences(candidates, CandidateRewards(cancellation), Pairs(cancellation), Settings.Grid);
    }

    /// <summary>The measures of every step of an arm's tuning (<see cref="GranDpoMetrics"/>).</summary>
    /// <param name="arm">The arm; it need not be one of the settings'.</param>
    /// <param name="cancellation">Stops the training after a step; the next call goes on.</param>
    public IReadOnlyList<JsonObject> Tuning(ReproductionArm arm, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(arm);
        return TrainingLoop.ReadMetrics(FolderOf(With(arm).Tuned[arm.Name], cancellation));
    }

    /// <summary>Samples on the prompts that all arms are judged on, from the same noise; the caller disposes them.</summary>
    /// <param name="arm">The arm, null for the untuned generator.</param>
    /// <param name="cancellation">Stops after a batch; the next call goes on.</param>
    public ClipBundle Samples(ReproductionArm? arm = null, CancellationToken cancellation = default) =>
        CandidateStage.Load(FolderOf(With(arm).Samples[arm?.Name ?? HaloClaims.Base], cancellation));

    /// <summary>What both evaluation methods say about an arm's samples, in their order.</summary>
    /// <inheritdoc cref="Samples"/>
    public ArmJudgement Judgement(ReproductionArm? arm = null, CancellationToken cancellation = default) =>
        JsonFile.Read<ArmJudgement>(Path.Combine(FolderOf(With(arm).JudgementOf(arm?.Name ?? HaloClaims.Base), cancellation), JudgementStage.File));

    /// <summary>Name of a reward model in <see cref="PatchAgreement.PatchRewards"/>.</summary>
    /// <param name="arm">Where its training started and which losses it had.</param>
    /// <param name="labelledPrompts">Prompts whose clips were graded.</param>
    public static string ModelName(RewardArm arm, int labelledPrompts) => SeedStages.ModelName(arm, labelledPrompts);

    /// <summary>Grades of annotators and all reward models on the untuned generator's samples.</summary>
    public PatchAgreement Agreement(CancellationToken cancellation = default) =>
        JsonFile.Read<PatchAgreement>(Path.Combine(FolderOf(_stages.Agreement, cancellation), AgreementStage.File));

    /// <summary>The claims of this one seed; they need every arm of the settings.</summary>
    public IReadOnlyList<Claim> Claims(CancellationToken cancellation = default) =>
        JsonFile.Read<Claim[]>(Path.Combine(FolderOf(new ClaimsStage(Settings, _generator, [_stages]).Stage(), cancellation), ClaimsStage.File));

    private static string StagesOf(string folder) => Path.Combine(folder, "stages");

    private string FolderOf(Stage stage, CancellationToken cancellation)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, Interruption.Token);
        return _store.Run([stage], _progress, either.Token)[^1].Folder;
    }

    /// <summary>The stages with an arm among them, which may be another than the settings have.</summary>
    private SeedStages With(ReproductionArm? arm) => arm is null || Settings.Arms.Contains(arm) ? _stages : new SeedStages(Settings with { Arms = [arm] }, Seed, _generator);

    private int Budget(int? labelledPrompts)
    {
        int budget = labelledPrompts ?? Settings.LabelBudgets[^1];
        return Settings.LabelBudgets.Contains(budget)
            ? budget
            : throw new InputException($"{budget} labelled prompts: the preset '{Settings.Preset}' trains reward models with {string.Join(", ", Settings.LabelBudgets)}.");
    }
}
