using HaloLab.Evaluation;
using HaloLab.Experiments;
using HaloLab.Statistics;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>
/// Runs the variants of a grid with several seeds over one run store: what variants share (candidates, labels, reward models, pairs, reference energies) is computed once, by
/// content. A variant that fails is recorded, and the others go on; the same call goes on where it stopped.
/// </summary>
public sealed class Ablation
{
    /// <summary>Largest corrected p-value with which a statement is shown or contradicted; one less it is the intervals' level.</summary>
    public const double Alpha = 0.05;

    private static readonly string Arm = ReproductionArm.Halo.Name;

    private readonly AblationGrid _grid;
    private readonly ToyGeneratorFiles _generator;
    private readonly (AblationVariant Variant, long Seed, Stage Judgement)[] _runs;

    /// <param name="grid">What is compared.</param>
    /// <param name="firstSeed">The first seed; the others follow it.</param>
    /// <param name="seeds">Number of seeds, at least 1.</param>
    /// <param name="checkpointFolder">Folder of the toy checkpoints.</param>
    /// <exception cref="InputException">A checkpoint is missing or broken, or a variant changes nothing.</exception>
    public Ablation(AblationGrid grid, long firstSeed, int seeds, string checkpointFolder)
    {
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        _grid = grid;
        _generator = ToyGeneratorFiles.Open(checkpointFolder);
        Seeds = [.. Enumerable.Range(0, seeds).Select(i => firstSeed + i)];

        // Seed by seed, so that what there is after a while is whole.
        AblationVariant[] variants = [grid.Baseline, .. grid.Variants];
        SharedStages shared = new();
        _runs = [.. Seeds.SelectMany(seed => variants.Select(variant => (variant, seed, shared.Of(new SeedStages(variant.Settings, seed, _generator).JudgementOf(Arm)))))];
        if (_runs.Skip(1).Take(grid.Variants.Count).FirstOrDefault(run => ReferenceEquals(run.Judgement, _runs[0].Judgement)) is { Variant: not null } same)
        {
            throw new InputException($"grid '{grid.Name}': the variant '{same.Variant.Name}' is the baseline itself. Leave it out, or change something.");
        }
    }

    /// <summary>The seeds.</summary>
    public IReadOnlyList<long> Seeds { get; }

    /// <summary>
    /// Different stages that all variants and seeds together need (those whose inputs come out the same will be one, so there may be fewer), how often they would be computed if
    /// nothing were shared, and their rough cost in seconds on two cores.
    /// </summary>
    public (int Stages, int Uses, double Seconds) Size
    {
        get
        {
            IReadOnlyList<Stage> different = RunStore.InOrder(Judgements);
            return (different.Count, Judgements.Sum(judgement => RunStore.InOrder([judgement]).Count), different.Sum(stage => stage.ExpectedSeconds));
        }
    }

    private IEnumerable<Stage> Judgements => _runs.Select(run => run.Judgement);

    /// <summary>
    /// Runs what is not finished yet and writes <c>ablation.json</c>, <c>ablation.csv</c>, <c>ablation.html</c> and <c>manifest.json</c> into a folder of the grid's name; the
    /// stages lie in the folder <c>stages</c> beside it.
    /// </summary>
    /// <param name="folder">Folder of ablations; all grids in it share their stages, and with a <c>reproduce</c> there too.</param>
    /// <param name="workers">Who computes; null: this process, one variant after the other.</param>
    /// <param name="progress">Told how it goes.</param>
    /// <param name="cancellation">Stops within seconds; the same call goes on from there.</param>
    /// <exception cref="InputException">The store is in use, or was begun with other threads.</exception>
    public AblationResult Run(string folder, StageWorkers? workers, IRunProgress progress, CancellationToken cancellation)
    {
        RunStore store = StoreIn(folder);
        AblationRun[] runs = workers is null ? OneByOne(store, progress, cancellation) : BesideEachOther(store, workers, progress, cancellation);
        string output = OutputOf(folder);
        StageResult[] all = [.. runs.SelectMany(run => run.Stages).DistinctBy(stage => stage.Folder)];
        RunManifest manifest = RunManifest.Of(
            FormattableString.Invariant($"ablate {_grid.Name} --preset {_grid.Preset.Preset} --seeds {Seeds.Count}"),
            new { Grid = _grid.Name, Baseline = _grid.Baseline.Settings, Variants = _grid.Variants },
            Seeds,
            new SortedDictionary<string, string>(_generator.Hashes(), StringComparer.Ordinal) { ["grid"] = _grid.Hash },
            output,
            all);
        AblationResult result = new(
            _grid.Name, _grid.Title, _grid.Hash, _grid.Preset.Preset, Seeds, manifest.HaloLab, manifest.Device, manifest.Threads, all.Length, runs.Sum(run => run.Stages.Count), Arms(runs), Findings(runs));
        new AblationReport(_grid, result).Write(output);
        JsonFile.Write(Path.Combine(output, "manifest.json"), manifest);
        return result;
    }

    /// <summary>Computes single stages for a call of <see cref="Run"/> in another process.</summary>
    /// <param name="folder">Folder of ablations.</param>
    /// <param name="requests">What that process asks.</param>
    /// <param name="answers">What is answered.</param>
    /// <param name="cancellation">Stops within seconds.</param>
    public void Serve(string folder, TextReader requests, TextWriter answers, CancellationToken cancellation) => StageWorker.Serve(StoreIn(folder), Judgements, requests, answers, cancellation);

    /// <summary>Where the grid's results go.</summary>
    /// <param name="folder">Folder of ablations.</param>
    public string OutputOf(string folder) => Path.Combine(folder, _grid.Name);

    private static RunStore StoreIn(string folder) => new(Path.Combine(folder, "stages"));

    private AblationRun[] OneByOne(RunStore store, IRunProgress progress, CancellationToken cancellation)
    {
        // What is wrong with the store is wrong for every variant: it is said at once, and is no variant's failure.
        store.Run([], progress, cancellation);
        TimeLeft timeLeft = new(Size.Seconds);
        HashSet<Stage> finished = new(ReferenceEqualityComparer.Instance);
        return [.. _runs.Select((run, i) => RunOf(run.Variant, run.Seed, () => store.Run([run.Judgement], new AblationProgress(progress, LabelOf(i), RunStore.InOrder([run.Judgement]), timeLeft, finished), cancellation)))];
    }

    private AblationRun[] BesideEachOther(RunStore store, StageWorkers workers, IRunProgress progress, CancellationToken cancellation)
    {
        IReadOnlyList<(IReadOnlyList<StageResult> Stages, string? Error)> ends = store.Run([.. _runs.Select((run, i) => (LabelOf(i), run.Judgement))], workers, progress, cancellation);
        return [.. _runs.Zip(ends, (run, end) => end.Error is null ? RunOf(run.Variant, run.Seed, () => end.Stages) : new AblationRun(run.Variant, run.Seed, [], null, end.Error))];
    }

    private string LabelOf(int run) => FormattableString.Invariant($"{run + 1} of {_runs.Length}, {_runs[run].Variant.Name}");

    private static AblationRun RunOf(AblationVariant variant, long seed, Func<IReadOnlyList<StageResult>> stages)
    {
        try
        {
            IReadOnlyList<StageResult> results = stages();
            return new AblationRun(variant, seed, results, JsonFile.Read<ArmJudgement>(Path.Combine(results[^1].Folder, JudgementStage.File)), null);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // One variant's training that diverges, or a bug that only it meets, must not take the others with it; it is named in every output.
            return new AblationRun(variant, seed, [], null, StageAnswer.ErrorOf(exception));
        }
    }

    /// <summary>Decides every statement about every variant, corrected for their number.</summary>
    private AblationFinding[] Findings(IReadOnlyList<AblationRun> runs)
    {
        ComparisonJudge judge = new(runSeed: 1, 1 - Alpha);
        (AblationVariant Variant, AblationStatement Statement, string Measure, ClaimComparison? Comparison, double P)[] decided =
        [
            .. from variant in _grid.Variants
               from statement in _grid.Statements
               let perSeed = Differences(runs, variant, statement.Measure)
               let measure = $"{statement.Measure.Title}: {_grid.Baseline.Name} − {variant.Name}"
               select (variant, statement, measure, perSeed is null ? null : judge.Judge(measure, statement.Rule, perSeed), perSeed is null ? double.NaN : judge.PValue(measure, statement.Rule, perSeed)),
        ];
        double[] corrected = MultipleComparisons.Holm([.. decided.Select(item => item.P)]);
        return [.. decided.Select((item, i) => Finding(item.Variant, item.Statement, item.Measure, item.Comparison, item.P, corrected[i]))];
    }

    private AblationFinding Finding(AblationVariant variant, AblationStatement statement, string measure, ClaimComparison? comparison, double p, double corrected)
    {
        Interval? interval = comparison is null ? null : new Interval(comparison.Estimate, comparison.CiLow, comparison.CiHigh, comparison.Level);
        return new AblationFinding(
            $"{_grid.Name}/{variant.Name}/{statement.Measure.Name}",
            variant.Name,
            statement.About(variant),
            measure,
            statement.Rule,
            comparison,
            p,
            corrected,
            statement.Rule.Judge(interval, corrected, Alpha),
            statement.Interesting,
            interval is { } given && given.Low > -statement.Interesting && given.High < statement.Interesting,
            comparison?.Mde <= statement.Interesting);
    }

    /// <summary>Baseline − variant for every seed; null where one of them failed with a seed: a claim about fewer seeds than were asked for would be another claim.</summary>
    private PromptStatistic[]? Differences(IReadOnlyList<AblationRun> runs, AblationVariant variant, AblationMeasure measure)
    {
        ArmJudgement?[] Of(AblationVariant asked) => [.. runs.Where(run => run.Variant == asked).Select(run => run.Judgement)];
        (ArmJudgement?[] baseline, ArmJudgement?[] other) = (Of(_grid.Baseline), Of(variant));
        return baseline.Concat(other).Contains(null)
            ? null
            : [.. baseline.Zip(other, (first, second) => measure.Of(first!, _generator.DefectThreshold).Minus(measure.Of(second!, _generator.DefectThreshold)))];
    }

    private AblationResult.Arm[] Arms(IReadOnlyList<AblationRun> runs)
    {
        HashSet<string> shared = [.. runs.Where(run => run.Variant == _grid.Baseline).SelectMany(run => run.Stages).Select(stage => stage.Folder)];
        return [.. runs.GroupBy(run => run.Variant).Select(group => new AblationResult.Arm(
            group.Key.Name,
            group.Key.Set,
            group.All(run => run.Judgement is not null)
                ? AblationMeasure.All.ToDictionary(measure => measure.Name, measure => group.Average(run => measure.Of(run.Judgement!, _generator.DefectThreshold).Estimate()))
                : new Dictionary<string, double>(),
            Math.Round(group.SelectMany(run => run.Stages).Sum(stage => stage.Seconds), 1),
            Math.Round(group.SelectMany(run => run.Stages).Where(stage => !shared.Contains(stage.Folder)).Sum(stage => stage.Seconds), 1),
            group.Where(run => run.Error is not null).ToDictionary(run => run.Seed, run => run.Error!)))];
    }
}
