using System.Text.Json;
using System.Text.Json.Nodes;
using HaloLab.Models.Layers;
using HaloLab.Preferences.Labels;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Videos;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Experiments.Rewards;

/// <summary>
/// Trains reward models on a label store (<c>halolab reward train</c>): the backbone passes over each clip once (<see cref="BackboneCache"/>), then every arm, number of labels and
/// seed is a stage of the run store. The first arm's model goes to the folder <c>model</c>.
/// </summary>
public sealed class RewardTraining
{
    /// <summary>Folder of the model below the run's.</summary>
    public const string ModelFolder = "model";

    private const string EvaluationFile = "evaluation.json";
    private const string StagesFolder = "stages";
    private const string CacheFolder = "backbone";
    private const string MemoryFile = "clips.json";
    private const double SecondsPerStep = 0.3;

    private readonly RewardTrainingSettings _settings;
    private readonly string _folder;
    private readonly LabelStore _store;
    private readonly IReadOnlyList<string> _videos;
    private readonly RewardLabels _labels;
    private readonly PromptSplit _split;
    private readonly PatchGrid? _grid;
    private readonly HashSet<int> _gradedClips;
    private readonly IReadOnlyList<string> _rewardNames;
    private IReadOnlyDictionary<string, string> _files = new Dictionary<string, string>();
    private BackboneCache? _features;
    private BackboneCache? _views;

    /// <summary>Reads and checks the labels; nothing is written yet.</summary>
    /// <param name="store">The labels; stays the caller's.</param>
    /// <param name="videos">Files and folders that hold the labelled clips.</param>
    /// <param name="settings">What to train.</param>
    /// <param name="backbone">The backbone, read already; used for the cache and not kept.</param>
    /// <param name="folder">Folder of the run.</param>
    /// <exception cref="InputException">Labels or settings cannot be used.</exception>
    public RewardTraining(LabelStore store, IReadOnlyList<string> videos, RewardTrainingSettings settings, IRewardBackbone backbone, string folder)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(backbone);
        settings.Validate();
        (_store, _videos, _settings, _folder) = (store, videos, settings, folder);
        _rewardNames = backbone.Dimensions;
        _labels = RewardLabels.Read(store, settings.Labels, backbone.Dimensions);
        _split = PromptSplit.Of(_labels.Clips, settings.ValidationShare, settings.TestShare, settings.Seeds[0]);
        _grid = RewardAgreement.MainGrid(_labels);
        _gradedClips = [.. _labels.Patches.Where(grade => grade.Grid == _grid).Select(grade => grade.Clip)];
        Training = _labels.Of(_split.Training);
        if (settings.Arms.Contains(RewardArm.PatchOnly) && Training.Patches.Count == 0)
        {
            throw new InputException("The arm patch-only learns from graded patches alone, and the training prompts have none. Leave it out, or give grades of patches.");
        }

        int most = settings.LabelBudgets.DefaultIfEmpty(0).Max();
        if (most > Training.LabelledPatches)
        {
            throw new InputException($"A budget of {most} labelled patches: the training prompts have {Training.LabelledPatches}. Give numbers up to that.");
        }
    }

    /// <summary>The labels that are trained on.</summary>
    public RewardLabels Training { get; }

    /// <summary>What was found, for the command line.</summary>
    public string Summary => FormattableString.Invariant(
        $"{_labels.Clips.Count} clips: {_split.Training.Count} to learn from, {_split.Validation.Count} to stop by, {_split.Test.Count} to judge by (split by prompt). To learn from: {Training.LabelledPatches} graded patches, {Training.Ratings.Count} ratings, {Training.Comparisons.Count} comparisons.");

    internal RewardTrainingSettings Settings => _settings;

    internal RewardLabels Labels => _labels;

    internal PromptSplit Split => _split;

    internal PatchGrid? Grid => _grid;

    internal IReadOnlyList<string> RewardNames => _rewardNames;

    /// <summary>Finds the videos.</summary>
    /// <param name="report">Told the share done.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="InputException">A labelled clip is missing.</exception>
    public void FindVideos(Action<double> report, CancellationToken cancellation)
    {
        string[] wanted = [.. _labels.Clips.Select(clip => clip.Clip).Distinct()];
        (_files, IReadOnlyList<string> unreadable) = LabelledVideos.FindAsync(_videos, _store, wanted, Path.Combine(_folder, MemoryFile), report, cancellation).GetAwaiter().GetResult();
        LabelledVideos.Require(_files, unreadable, wanted, _videos);
    }

    /// <summary>Passes the backbone over every clip that it has not seen yet.</summary>
    /// <param name="backbone">The same as in the constructor.</param>
    /// <param name="report">Told the share done.</param>
    /// <param name="cancellation">Stops between two clips.</param>
    /// <exception cref="InputException">The cache is stale, or a clip cannot be shown.</exception>
    public void ReadClips(IRewardBackbone backbone, Action<double> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(backbone);
        ArgumentNullException.ThrowIfNull(report);
        string folder = Path.Combine(_folder, CacheFolder);
        bool needsFeatures = _settings.Arms.Any(arm => StartOf(arm).Training == BackboneTraining.Frozen);
        bool needsViews = _settings.Arms.Any(arm => StartOf(arm).Training != BackboneTraining.Frozen);
        _features = needsFeatures ? BackboneCache.Open(folder, backbone, holdsFeatures: true) : null;
        _views = needsViews ? BackboneCache.Open(folder, backbone, holdsFeatures: false) : null;

        // Features depend on the number of threads as all sums do.
        ComputeRecord.Hold(Path.Combine(_folder, StagesFolder));
        backbone.Merge();
        BackboneCache[] caches = [.. new[] { _features, _views }.OfType<BackboneCache>()];
        for (int i = 0; i < caches.Length; i++)
        {
            int before = i;
            caches[i].Fill(_labels.Clips, clip => VideoFile.ReadAsync(_files[clip], cancellation).GetAwaiter().GetResult(), backbone, done =>
            {
                report((before + ((double)done / _labels.Clips.Count)) / caches.Length);
                cancellation.ThrowIfCancellationRequested();
            });
        }

        FrozenVideoRewards = [.. _labels.Clips.Select(clip => backbone.Scores(caches[0].Known(clip).Rewards)[^1])];

        // Every cell must be there before hours of training: a clip too small for a grid is found here.
        foreach ((int clip, PatchGrid grid) in _labels.Patches.Select(grade => (grade.Clip, grade.Grid)).Distinct())
        {
            Cells(clip, grid);
        }
    }

    /// <summary>Trains all arms, going on where an earlier call stopped, and writes <c>model</c>, <c>report.html</c>, <c>report.json</c> and <c>manifest.json</c>.</summary>
    /// <param name="command">What was asked for, for the manifest.</param>
    /// <param name="progress">Told how it goes.</param>
    /// <param name="cancellation">Stops within seconds; the same call goes on from there.</param>
    public void Train(string command, IRunProgress progress, CancellationToken cancellation)
    {
        (RewardArm Arm, long Seed, RewardLabels Labels, bool IsWhole)[] runs =
        [
            .. from seed in _settings.Seeds
               from arm in _settings.Arms
               from budget in _settings.LabelBudgets.Where(budget => budget < Training.LabelledPatches).Order().Append(0)
               select (arm, seed, budget == 0 ? Training : Training.WithPatches(budget, seed), budget == 0),
        ];
        Stage[] stages = [.. runs.Select(run => StageOf(run.Arm, run.Seed, run.Labels))];
        IReadOnlyList<StageResult> results = new RunStore(Path.Combine(_folder, StagesFolder)).Run(stages, progress, cancellation);
        TrainedReward[] trained =
        [
            .. runs.Zip(results, (run, result) => new TrainedReward(
                run.Arm, run.Seed, run.Labels.LabelledPatches, run.IsWhole, result.Folder, JsonFile.Read<ClipEvaluation[]>(Path.Combine(result.Folder, EvaluationFile)))),
        ];
        TrainedReward main = trained.First(item => item.IsWhole);
        Export(Path.Combine(main.Folder, ModelFolder), Path.Combine(_folder, ModelFolder));
        SortedDictionary<string, string> inputs = new(_files.ToDictionary(item => item.Value, item => FileHash.Of(item.Value)), StringComparer.Ordinal);
        JsonFile.Write(Path.Combine(_folder, "manifest.json"), RunManifest.Of(command, ForManifest(), _settings.Seeds, inputs, _folder, results));
        Trained = trained;
    }

    /// <summary>What was trained, after <see cref="Train"/>.</summary>
    internal IReadOnlyList<TrainedReward> Trained { get; private set; } = [];

    /// <summary>The video file of a clip.</summary>
    internal string FileOf(int clip) => _files[_labels.Clips[clip].Clip];

    /// <summary>The video reward of each clip from the backbone before any training: the number that it ranks clips by.</summary>
    internal IReadOnlyList<double> FrozenVideoRewards { get; private set; } = [];

    /// <summary>Where the cells of a grid lie in a clip.</summary>
    internal LatticeEdges Cells(int clip, PatchGrid grid)
    {
        (int frames, int height, int width, _) = (_features ?? _views)!.Known(_labels.Clips[clip]);
        try
        {
            return _settings.Patches.Cells(grid, frames, height, width);
        }
        catch (InputException exception)
        {
            throw new InputException($"{FileOf(clip)}: {exception.Message} (labels on {grid})", exception);
        }
    }

    internal static string Name(RewardArm arm) => arm switch
    {
        RewardArm.Continued => "continued",
        RewardArm.PatchOnly => "patch-only",
        _ => "joint",
    };

    private PatchModelStart StartOf(RewardArm arm) => arm == RewardArm.Continued ? _settings.Start : new PatchModelStart(BackboneTraining.All, FromRandom: true);

    private PatchRewardTrainingOptions OptionsOf(RewardArm arm) => arm == RewardArm.PatchOnly ? _settings.Training with { VideoWeight = 0 } : _settings.Training;

    private BackboneCache CacheOf(RewardArm arm) => (StartOf(arm).Training == BackboneTraining.Frozen ? _features : _views)!;

    private Stage StageOf(RewardArm arm, long seed, RewardLabels labels) => new(
        FormattableString.Invariant($"reward-{Name(arm)}-{labels.LabelledPatches}-s{seed}"),
        1,
        new JsonObject
        {
            ["arm"] = Name(arm),
            ["seed"] = seed,
            ["backbone"] = CacheOf(arm).BackboneHash,
            ["start"] = JsonSerializer.SerializeToNode(StartOf(arm)),
            ["training"] = JsonSerializer.SerializeToNode(OptionsOf(arm)),
            ["labels"] = labels.ContentHash(),
            ["allLabels"] = _labels.ContentHash(),
            ["validation"] = new JsonArray([.. _split.Validation.Order().Select(clip => JsonValue.Create(clip))]),
            ["stride"] = FormattableString.Invariant($"{_settings.Patches.TemporalStride}x{_settings.Patches.SpatialStride}"),
        },
        [],
        _settings.Training.Budget.Steps * SecondsPerStep,
        context => Work(context, arm, seed, labels));

    private void Work(StageContext context, RewardArm arm, long seed, RewardLabels labels)
    {
        IRewardBackbone backbone = _settings.Patches.Backbones.Open(_settings.Backbone, _settings.BackboneFolder);
        using PatchRewardModel model = PatchRewardModel.Create(backbone, PatchDimensions(), StartOf(arm), seed);
        if (_settings.Recomputes)
        {
            Recomputation.SwitchOn(backbone.Network);
        }

        BackboneCache cache = CacheOf(arm);
        PatchRewardTrainer trainer = new(model, labels, OptionsOf(arm), cache, Cells, seed);
        RewardLabels validation = _labels.Of(_split.Validation);
        int steps = _settings.Training.Budget.Steps;
        trainer.Train(context.Folder, Agreement, done => context.Report(done, steps), context.Cancellation);
        model.Save(context.PathOf(ModelFolder));
        List<ClipEvaluation> evaluations = [];
        for (int clip = 0; clip < _labels.Clips.Count; clip++)
        {
            evaluations.Add(Evaluate(model, cache, clip));
            context.Cancellation.ThrowIfCancellationRequested();
        }

        JsonFile.Write(context.PathOf(EvaluationFile), evaluations);

        double Agreement()
        {
            List<ClipEvaluation> judged = [];
            foreach (int clip in _split.Validation.Order())
            {
                judged.Add(Evaluate(model, cache, clip));
                context.Cancellation.ThrowIfCancellationRequested();
            }

            return new RewardAgreement(validation, _grid, judged).Overall(_rewardNames.Count);
        }
    }

    private ClipEvaluation Evaluate(PatchRewardModel model, BackboneCache cache, int clip)
    {
        using DisposeScope scope = NewDisposeScope();
        using var noGradient = no_grad();
        LabelledClip labelled = _labels.Clips[clip];
        BackboneFeatures features = model.HasFixedFeatures ? cache.Features(labelled) : model.Backbone.Read([cache.View(labelled)])[0];

        ScoredPatches whole = model.Score(features, features.Lattice);
        double mean = model.PatchDimensions.Count == 0 ? double.NaN : whole.Mean().Average();

        // A clip without a grade may be too small for the grid: it has no patches to judge then.
        bool isGraded = _grid is not null && _gradedClips.Contains(clip);
        return new ClipEvaluation(clip, whole.Rewards, mean, isGraded ? model.Score(features, Cells(clip, _grid!.Value)).Patches : []);
    }

    /// <summary>Scales of the training labels: from nothing that is judged by.</summary>
    private PatchDimension[] PatchDimensions() =>
    [
        .. Training.PatchDimensions.Select((dimension, d) => new PatchDimension(
            dimension.Name,
            LabelScale.Of(Training.Patches.Where(grade => grade.Dimension == d).Select(grade => grade.Value)) with { Grades = dimension.Grades })),
    ];

    private object ForManifest() => new
    {
        _settings.Backbone,
        _settings.Labels,
        _settings.Training,
        _settings.Start,
        Arms = _settings.Arms.Select(Name),
        _settings.LabelBudgets,
        _settings.ValidationShare,
        _settings.TestShare,
        Stride = FormattableString.Invariant($"{_settings.Patches.TemporalStride}x{_settings.Patches.SpatialStride}"),
        Clips = _labels.Clips.Select((clip, i) => new { clip.Clip, clip.Prompt, File = FileOf(i), Part = _split.Training.Contains(i) ? "training" : _split.Test.Contains(i) ? "test" : "validation" }),
    };

    /// <summary>Copies a model's folder; its description, which makes it one, comes last.</summary>
    private static void Export(string from, string to)
    {
        string[] files = [.. Directory.GetFiles(from, "*", SearchOption.AllDirectories).OrderBy(file => Path.GetExtension(file) == ".json").ThenBy(file => file, StringComparer.Ordinal)];
        foreach (string file in files)
        {
            using FileStream source = File.OpenRead(file);
            AtomicFile.Write(Path.Combine(to, Path.GetRelativePath(from, file)), source.CopyTo);
        }
    }
}
