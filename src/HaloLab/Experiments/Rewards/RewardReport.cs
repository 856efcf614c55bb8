using System.Globalization;
using System.Text.Json.Nodes;
using HaloLab.Displays;
using HaloLab.Evaluation;
using HaloLab.Optimisation;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Experiments.Rewards;

/// <summary>What trained reward models agree with, as <c>report.json</c> and a page. Everything is measured on the test prompts; intervals resample prompts.</summary>
/// <param name="training">The finished training.</param>
public sealed class RewardReport(RewardTraining training)
{
    private const int ShownClips = 4;

    private readonly List<ScoredClip> _scored = [];
    private ScorerControls? _controls;

    /// <summary>Asks the written model about test clips and changed ones, for the controls.</summary>
    /// <param name="folder">Folder of the run.</param>
    /// <param name="report">Told the share done.</param>
    /// <param name="cancellation">Stops between two clips.</param>
    public void Ask(string folder, Action<double> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(report);
        using PatchRewardScorer scorer = OpenScorer(folder);
        ClipToScore[] clips = [.. training.Split.Test.Order().Select(clip => new ClipToScore(training.FileOf(clip), training.Labels.Clips[clip].Prompt)).DistinctBy(clip => clip.File).Take(training.Settings.Controls)];
        if (clips.Length == 0)
        {
            return;
        }

        ClipScoring scoring = new(Path.Combine(folder, "cache"));
        _scored.AddRange(scoring.ScoreAsync(scorer, [.. clips, .. ScorerControls.ClipsOf(clips)], report, cancellation).GetAwaiter().GetResult());
        _controls = new ScorerControls("patch", scorer.Dimensions, _scored);
    }

    /// <summary>Writes both files.</summary>
    /// <param name="folder">Folder of the run.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The page.</returns>
    public string Write(string folder, CancellationToken cancellation)
    {
        Row[] rows = [.. training.Trained.Select(Measure)];
        JsonFile.Write(Path.Combine(folder, "report.json"), new
        {
            Clips = new { Training = training.Split.Training.Count, Validation = training.Split.Validation.Count, Test = training.Split.Test.Count },
            Grid = training.Grid?.ToString(),
            PatchDimensions = training.Labels.PatchDimensions.Select(dimension => dimension.Name),
            VideoRewards = training.RewardNames,
            Models = rows.Select(row => new
            {
                Arm = RewardTraining.Name(row.Trained.Arm),
                row.Trained.Seed,
                LabelledPatches = row.Trained.Patches,
                BestStep = row.BestStep,
                ValidationAgreement = row.ValidationAgreement,
                Measures = row.Measures.Select(measure => new { measure.Name, measure.Interval.Estimate, measure.Interval.Low, measure.Interval.High, measure.Prompts }),
                row.Consistency,
            }),
            LabelEfficiency = Efficiency(rows) is { } curve ? EfficiencyJson(curve) : null,
            Controls = _controls is null ? null : ScorerControls.Changes.SelectMany(change => _controls.Dimensions.Select((dimension, d) =>
            {
                (Interval difference, int compared) = _controls.Difference(change, d);
                return new { Change = change, Dimension = dimension, Clips = compared, Difference = difference.Estimate, difference.Low, difference.High };
            })),
            Warnings = _controls?.Warnings ?? [],
        });
        string page = Path.Combine(folder, "report.html");
        Page(rows, folder, cancellation).Write(page);
        return page;
    }

    /// <summary>What no score of the written model notices and should.</summary>
    public IReadOnlyList<string> Warnings => _controls?.Warnings ?? [];

    private sealed record NamedMeasure(string Name, Interval Interval, int Prompts);

    private sealed record Row(TrainedReward Trained, long BestStep, double ValidationAgreement, double Agreement, IReadOnlyList<NamedMeasure> Measures, RewardConsistency? Consistency);

    private PatchRewardScorer OpenScorer(string folder) =>
        PatchRewardScorer.Open(Path.Combine(folder, RewardTraining.ModelFolder), training.Settings.Patches with { Grid = training.Grid ?? training.Settings.Patches.Grid });

    private Row Measure(TrainedReward trained)
    {
        RewardLabels test = training.Labels.Of(training.Split.Test);
        RewardAgreement onTest = new(test, training.Grid, trained.Evaluations);
        RewardAgreement onTraining = new(training.Training, training.Grid, trained.Evaluations);
        List<NamedMeasure> measures = [];
        void Add(string name, PromptStatistic? statistic)
        {
            if (statistic is not null)
            {
                Interval interval = statistic.Prompts > 1 ? statistic.Bootstrap(new RandomStream(trained.Seed, "reward report, " + name)).Percentile : Interval.Undefined(0.95, statistic.Estimate());
                measures.Add(new NamedMeasure(name, interval, statistic.Prompts));
            }
        }

        Add("patches: rank correlation over all cells", onTest.Patches(HumanAgreement.PooledSpearman));
        Add("patches: rank correlation within a clip", onTest.Patches(HumanAgreement.WithinClipSpearman));
        Add("patches: Kendall's τ-b within a clip", onTest.Patches(HumanAgreement.WithinClipKendall));
        Add("patches: same place, better of two clips", onTest.Patches((scores, reference, prompts) => HumanAgreement.SamePlaceAccuracy(scores, reference, prompts)));
        for (int d = 0; d < training.RewardNames.Count; d++)
        {
            string reward = training.RewardNames[d];
            (int[] human, double[] difference, _) = onTraining.Pairs(d);
            TieAwareAccuracy chosen = PairwiseAccuracy.WithTies(human, difference);
            (int[] testHuman, double[] testDifference, _) = onTest.Pairs(d);
            Add($"{reward}: pairwise accuracy without ties", onTest.AccuracyWithoutTies(d));
            Add($"{reward}: pairwise accuracy with ties, threshold from training pairs", onTest.AccuracyWithTies(d, chosen.Threshold));
            if (testHuman.Length > 0)
            {
                double optimistic = PairwiseAccuracy.WithTies(testHuman, testDifference).Accuracy;
                measures.Add(new NamedMeasure($"{reward}: pairwise accuracy with ties as published (threshold from the test pairs, optimistic)", Interval.Undefined(0.95, optimistic), test.Clips.Count));
            }

            Add($"{reward}: rank correlation with ratings", onTest.Ratings(d));
        }

        IReadOnlyList<(long Step, double Value)> evaluations = EarlyStopping.ReadFrom(trained.Folder);
        (long Step, double Value) best = evaluations.Where(item => !double.IsNaN(item.Value)).DefaultIfEmpty(evaluations[0]).MaxBy(item => item.Value);
        int[] clips = [.. training.Split.Test.Order()];
        Dictionary<int, ClipEvaluation> byClip = trained.Evaluations.ToDictionary(item => item.Clip);
        RewardConsistency? consistency = training.Labels.PatchDimensions.Count == 0 ? null
            : RewardConsistency.Of([.. clips.Select(clip => byClip[clip].PatchMean)], [.. clips.Select(clip => training.FrozenVideoRewards[clip])]);
        return new Row(trained, best.Step, best.Value, onTest.Overall(training.RewardNames.Count), measures, consistency);
    }

    private LabelEfficiency? Efficiency(Row[] rows) => training.Settings.LabelBudgets.Count == 0
        ? null
        : new LabelEfficiency([.. rows.Select(row => new LabelEfficiencyPoint(row.Trained.Arm, row.Trained.Seed, row.Trained.Patches, row.Agreement))]);

    private object EfficiencyJson(LabelEfficiency curve)
    {
        Interval ratio = curve.Ratio(training.Settings.Seeds);
        return new
        {
            Measure = "agreement = intercept + slope * ln(labelled patches)",
            Lines = training.Settings.Arms.SelectMany(arm => training.Settings.Seeds.Select(seed => new { Arm = RewardTraining.Name(arm), Seed = seed, curve.Line(arm, seed)?.Intercept, curve.Line(arm, seed)?.Slope })),
            RatioOfSeeds = training.Settings.Seeds.Select(seed => curve.Ratio(seed)),
            Ratio = new { ratio.Estimate, ratio.Low, ratio.High },
        };
    }

    private HtmlPage Page(Row[] rows, string folder, CancellationToken cancellation)
    {
        RewardTrainingSettings settings = training.Settings;
        HtmlPage page = new("Reward training", $"{settings.Backbone}, {string.Join(", ", settings.Arms.Select(RewardTraining.Name))}");
        page.Add("What was trained", HtmlFragment.Of($"<p>{training.Summary} The model of the arm {RewardTraining.Name(settings.Arms[0])} is in the folder {RewardTraining.ModelFolder}. Everything below is measured on prompts that no model learned from or was stopped by; intervals (95 %) resample prompts and hold given these trained models.</p>"), Models(rows).ToHtml());
        page.Add("Agreement", Measures(rows).ToHtml());
        if (rows.Any(row => row.Consistency is not null))
        {
            page.Add("Consistency", HtmlFragment.Of($"<p>The mean patch reward of each test clip beside the video reward that the backbone gave before any training. Nothing was aligned: the distance of the distributions as they are counts their units too, that of the standardised ones their shapes.</p>"), Consistency(rows).ToHtml());
        }

        if (Efficiency(rows) is { } curve)
        {
            page.Add("Label efficiency", HtmlFragment.Of($"<p>Agreement on the test prompts against the number of labelled patches trained on, video labels not counted; a line a + b ln n for each arm and seed.</p>"), Curve(rows).ToHtml(), Lines(curve).ToHtml(), Ratio(curve));
        }

        page.Add("Training", [.. rows.Where(row => row.Trained.IsWhole && row.Trained.Seed == settings.Seeds[0]).SelectMany(row => Curves(row.Trained))]);
        if (_controls is not null)
        {
            page.Add("Controls", ControlsDisplay.Of([_controls]));
        }

        HtmlFragment[] clips = [.. Clips(folder, cancellation)];
        return clips.Length > 0 ? page.Add("Test clips", clips) : page;
    }

    private static DataTable Models(Row[] rows) => new(
        [new TableColumn("arm"), new TableColumn("seed", IsNumber: true, "0"), new TableColumn("labelled patches", IsNumber: true, "0"), new TableColumn("best step", IsNumber: true, "0"), new TableColumn("agreement on validation prompts", IsNumber: true)],
        [.. rows.Select(row => (IReadOnlyList<object?>)[RewardTraining.Name(row.Trained.Arm), row.Trained.Seed, row.Trained.Patches, row.BestStep, Number(row.ValidationAgreement)])]);

    private static DataTable Measures(Row[] rows) => new(
        [new TableColumn("measure"), new TableColumn("arm"), new TableColumn("seed", IsNumber: true, "0"), new TableColumn("labelled patches", IsNumber: true, "0"), new TableColumn("estimate", IsNumber: true), new TableColumn("95 % interval"), new TableColumn("prompts", IsNumber: true, "0")],
        [.. rows.SelectMany(row => row.Measures.Select(measure => (Row: row, Measure: measure))).GroupBy(item => item.Measure.Name).SelectMany(group => group).Select(item => (IReadOnlyList<object?>)
        [
            item.Measure.Name, RewardTraining.Name(item.Row.Trained.Arm), item.Row.Trained.Seed, item.Row.Trained.Patches, Number(item.Measure.Interval.Estimate),
            item.Measure.Interval.IsDefined ? $"{Three(item.Measure.Interval.Low)} to {Three(item.Measure.Interval.High)}" : "", item.Measure.Prompts,
        ])]);

    private static DataTable Consistency(Row[] rows) => new(
        [new TableColumn("arm"), new TableColumn("seed", IsNumber: true, "0"), new TableColumn("labelled patches", IsNumber: true, "0"), new TableColumn("clips", IsNumber: true, "0"), new TableColumn("correlation", IsNumber: true), new TableColumn("rank correlation", IsNumber: true), new TableColumn("Wasserstein distance", IsNumber: true), new TableColumn("standardised", IsNumber: true)],
        [.. rows.Where(row => row.Consistency is not null).Select(row => (IReadOnlyList<object?>)
        [
            RewardTraining.Name(row.Trained.Arm), row.Trained.Seed, row.Trained.Patches, row.Consistency!.Clips, Number(row.Consistency.Pearson), Number(row.Consistency.Spearman), Number(row.Consistency.Wasserstein),
            Number(row.Consistency.WassersteinStandardised),
        ])]);

    private LineChart Curve(Row[] rows) => new(
        "Agreement against labels",
        "log₁₀ of the number of labelled patches",
        "agreement",
        [.. rows.GroupBy(row => (row.Trained.Arm, row.Trained.Seed)).Select(group =>
        {
            Row[] ordered = [.. group.OrderBy(row => row.Trained.Patches)];
            return new ChartSeries(
                training.Settings.Seeds.Count == 1 ? RewardTraining.Name(group.Key.Arm) : FormattableString.Invariant($"{RewardTraining.Name(group.Key.Arm)}, seed {group.Key.Seed}"),
                [.. ordered.Select(row => Math.Log10(row.Trained.Patches))],
                [.. ordered.Select(row => row.Agreement)]);
        })]);

    private DataTable Lines(LabelEfficiency curve) => new(
        [new TableColumn("arm"), new TableColumn("seed", IsNumber: true, "0"), new TableColumn("a", IsNumber: true), new TableColumn("b", IsNumber: true)],
        [.. training.Settings.Arms.SelectMany(arm => training.Settings.Seeds.Select(seed => (IReadOnlyList<object?>)[RewardTraining.Name(arm), seed, Number(curve.Line(arm, seed)?.Intercept ?? double.NaN), Number(curve.Line(arm, seed)?.Slope ?? double.NaN)]))]);

    private HtmlFragment Ratio(LabelEfficiency curve)
    {
        if (!training.Settings.Arms.Contains(RewardArm.Continued) || !training.Settings.Arms.Contains(RewardArm.PatchOnly))
        {
            return HtmlFragment.Empty;
        }

        Interval ratio = curve.Ratio(training.Settings.Seeds);
        string text = !double.IsFinite(ratio.Estimate)
            ? "The continued arm's line does not rise, so it says no number of labels at which it reaches the patch-only arm."
            : $"The continued arm's line reaches the agreement that the patch-only arm has with most labels at {Three(ratio.Estimate)} of these labels{(ratio.IsDefined ? $" (95 % interval over seeds {Three(ratio.Low)} to {Three(ratio.High)})" : " (one seed: no interval)")}.";
        return HtmlFragment.Of($"<p>{text}</p>");
    }

    private static IEnumerable<HtmlFragment> Curves(TrainedReward trained)
    {
        IReadOnlyList<JsonObject> lines = TrainingLoop.ReadMetrics(trained.Folder);
        string[] losses = [.. lines.SelectMany(line => line).Select(field => field.Key).Where(name => name.EndsWith("_loss", StringComparison.Ordinal)).Distinct()];
        yield return new LineChart($"{RewardTraining.Name(trained.Arm)}: losses", "step", "loss", [.. losses.Select(name => Series(name, [.. lines.Where(line => line.ContainsKey(name)).Select(line => (line["step"]!.GetValue<double>(), line[name]!.GetValue<double>()))]))]).ToHtml();
        (double, double)[] measured = [.. EarlyStopping.ReadFrom(trained.Folder).Select(item => ((double)item.Step, item.Value))];
        yield return new LineChart($"{RewardTraining.Name(trained.Arm)}: agreement on validation prompts", "step", "agreement", [Series("agreement", measured)]).ToHtml();

        static ChartSeries Series(string name, (double Step, double Value)[] points) => new(name.Replace('_', ' '), [.. points.Select(point => point.Step)], [.. points.Select(point => point.Value)]);
    }

    private IEnumerable<HtmlFragment> Clips(string folder, CancellationToken cancellation)
    {
        ScoredClip[] shown = [.. _scored.Where(row => row is { Patches: not null, Clip.Control: ClipControl.None }).Take(ShownClips)];
        if (shown.Length == 0)
        {
            yield break;
        }

        using PatchRewardScorer scorer = OpenScorer(folder);
        ColourScale colours = ScoreReport.PatchColours([.. shown.SelectMany(row => row.Patches!)], scorer.BestGrade);
        List<PlayerClip> players = [];
        foreach (ScoredClip row in shown)
        {
            VideoClip clip = VideoFile.ReadAsync(row.Clip.File, cancellation).GetAwaiter().GetResult();
            players.Add(new PlayerClip(Path.GetFileName(row.Clip.File), ClipPreview.Of(clip), row.Clip.Prompt, new PatchHeat(row.Patches!, scorer.PatchCells(clip), colours, "patch reward")));
        }

        yield return new ClipPlayer(players).ToHtml();
    }

    private static double? Number(double value) => double.IsFinite(value) ? value : null;

    private static string Three(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
