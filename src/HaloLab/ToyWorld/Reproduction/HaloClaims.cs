using HaloLab.Evaluation;
using HaloLab.Experiments;
using HaloLab.Experiments.Rewards;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>
/// Decides the claims C1 to C5b. What is measured, against which threshold and margin, stands in this file and was fixed before any arm was
/// trained; it may change only with a new version of <see cref="ClaimsStage"/>.
/// </summary>
/// <param name="labelBudgets">Numbers of labelled prompts, rising.</param>
/// <param name="defectThreshold">A patch is defective when the oracle's severity exceeds this.</param>
internal sealed class HaloClaims(IReadOnlyList<int> labelBudgets, double defectThreshold)
{
    public const string Base = "base";

    /// <summary>C1: how far below the mean annotator the model's agreement may be.</summary>
    private const double AgreementMargin = 0.05;

    /// <summary>C5: what tuning may cost in obedience and presence (shares), and in motion and diversity (relative to the untuned generator).</summary>
    private const double ShareMargin = 0.03;
    private const double RelativeMargin = 0.10;

    /// <summary>Fewer seeds say nothing about training again (DESIGN D7).</summary>
    private const int SeedsOfAMethod = 5;

    private static readonly string Halo = ReproductionArm.Halo.Name;

    private readonly ComparisonJudge _judge = new(runSeed: 1);

    /// <summary>All claims.</summary>
    /// <param name="evidence">What each seed's run has to say, at least one.</param>
    public IReadOnlyList<Claim> Decide(IReadOnlyList<Evidence> evidence) =>
        [Agreement(evidence), Distillation(evidence), Superiority(evidence), Existence(evidence), Alleviation(evidence), Granularity(evidence)];

    /// <summary>The numbers behind C1 and C2 that their differences do not show.</summary>
    /// <param name="evidence">What each seed found.</param>
    /// <param name="gradesPerPrompt">Grades of patches that a labelled prompt brings.</param>
    /// <param name="videoLabels">Labels of whole clips that the continued model's stage 1 learned from.</param>
    public ClaimBackground Background(IReadOnlyList<Evidence> evidence, int gradesPerPrompt, int videoLabels)
    {
        IEnumerable<ClaimBackground.AgreementRow> agreement = AgreementMeasures.Select(measure =>
        {
            AnnotatorComparison[] comparisons = [.. evidence.Select(seed => LeaveOneOut(seed, measure.Measure))];
            return new ClaimBackground.AgreementRow(measure.Name, comparisons.Average(item => item.Model.Estimate()), comparisons.Average(item => item.Annotators.Estimate()));
        });
        LabelEfficiencyPoint[] points =
        [
            .. from arm in Enum.GetValues<RewardArm>()
               from labels in labelBudgets
               from seed in Enumerable.Range(0, evidence.Count)
               select new LabelEfficiencyPoint(arm, seed, labels, Pooled(evidence[seed], arm, labels).Estimate()),
        ];
        IEnumerable<ClaimBackground.EfficiencyRow> efficiency = points.GroupBy(point => (point.Arm, point.Labels))
            .Select(group => new ClaimBackground.EfficiencyRow(RewardTraining.Name(group.Key.Arm), group.Key.Labels, group.Average(point => point.Agreement)));
        LabelEfficiency curve = new(points);
        long[] seeds = [.. Enumerable.Range(0, evidence.Count).Select(seed => (long)seed).Where(seed => curve.Ratio(seed) is not null)];
        return new ClaimBackground([.. agreement], [.. efficiency], curve.Ratio(seeds), seeds.Length, videoLabels, curve.Ratio(seeds, (double)videoLabels / gradesPerPrompt));
    }

    private static (string Name, HumanAgreement.Measure Measure)[] AgreementMeasures { get; } =
    [
        ("same-place A/B accuracy", (scores, reference, prompts) => HumanAgreement.SamePlaceAccuracy(scores, reference, prompts)),
        ("within-clip Spearman", HumanAgreement.WithinClipSpearman),
        ("pooled Spearman", HumanAgreement.PooledSpearman),
    ];

    // With several seeds the runs share the pretrained generator, video reward model and scorer all the same.
    private static string Given(IReadOnlyList<Evidence> evidence) => evidence.Count < SeedsOfAMethod ? ", given these trained models" : ", given this pretrained generator";

    private static AnnotatorComparison LeaveOneOut(Evidence seed, HumanAgreement.Measure measure) =>
        HumanAgreement.LeaveOneOut(measure, seed.Agreement.PatchRewards[seed.FinalModel], seed.Agreement.Annotators, seed.PromptOfClip);

    private static PromptStatistic Pooled(Evidence seed, RewardArm arm, int labels) => HumanAgreement.PooledSpearman(
        seed.Agreement.PatchRewards[SeedStages.ModelName(arm, labels)], HumanAgreement.MeanGrades(seed.Agreement.Annotators), seed.PromptOfClip);

    /// <summary>C1: the patch reward model agrees with (simulated) annotators about as well as one of them agrees with the others.</summary>
    private Claim Agreement(IReadOnlyList<Evidence> evidence) => Claim.Of(
        "C1",
        FormattableString.Invariant($"The patch reward model agrees with simulated annotators as well as one of them agrees with the others, less {AgreementMargin}{Given(evidence)}."),
        [.. AgreementMeasures.Select(measure => _judge.Judge(
            $"{measure.Name}: model − mean annotator",
            ClaimRule.NonInferior(AgreementMargin),
            [.. evidence.Select(seed => LeaveOneOut(seed, measure.Measure).Difference)]))]);

    /// <summary>
    /// C2: continued training needs fewer labels, and keeps patch and video rewards consistent. Our reading of the comparison from scratch: the labels and
    /// steps of this run, so what the continued model brings beyond them is what it learned from video labels before.
    /// </summary>
    private Claim Distillation(IReadOnlyList<Evidence> evidence)
    {
        int fewest = labelBudgets[0];
        List<ClaimComparison> comparisons = [];
        foreach (RewardArm other in new[] { RewardArm.PatchOnly, RewardArm.Joint })
        {
            comparisons.Add(_judge.Judge(
                $"pooled Spearman with annotators at {fewest} labelled prompts: continued − {RewardTraining.Name(other)} from scratch",
                new ClaimRule(0, ClaimDirection.Above),
                [.. evidence.Select(seed => Pooled(seed, RewardArm.Continued, fewest).Minus(Pooled(seed, other, fewest)))]));
        }

        comparisons.Add(_judge.Judge(
            "correlation of mean patch reward and video reward: continued − patch-only from scratch",
            new ClaimRule(0, ClaimDirection.Above),
            [.. evidence.Select(seed => Consistency(seed, RewardArm.Continued).Minus(Consistency(seed, RewardArm.PatchOnly)))]));
        return Claim.Of("C2", $"Continuing the video reward model on distilled patch grades is label-efficient and keeps video and patch rewards consistent{Given(evidence)}.", comparisons);

        PromptStatistic Consistency(Evidence seed, RewardArm arm)
        {
            double[][] patches = seed.Agreement.PatchRewards[SeedStages.ModelName(arm, labelBudgets[^1])];
            return PromptStatistic.Correlation(
                [.. Enumerable.Range(0, seed.PromptCount).Select(prompt =>
                    (IReadOnlyList<(double, double)>)[.. seed.ClipsOf(prompt).Select(clip => (patches[clip].Average(), seed.Agreement.VideoRewards[clip]))])],
                ofConstantX: 0);
        }
    }

    /// <summary>C3: HALO beats every baseline under both evaluation methods.</summary>
    private Claim Superiority(IReadOnlyList<Evidence> evidence)
    {
        List<ClaimComparison> comparisons = [];
        foreach (string baseline in evidence[0].Judgements.Keys.Where(name => name != Halo))
        {
            comparisons.Add(Difference(evidence, $"oracle score: HALO − {baseline}", baseline, 0, ClaimDirection.Above, row => row.OracleScore));
            comparisons.Add(Difference(evidence, $"learned scorer: HALO − {baseline}", baseline, 0, ClaimDirection.Above, row => row.LearnedScore));
        }

        return Claim.Of("C3", $"HALO beats the baselines under both evaluation methods{Given(evidence)}.", comparisons);
    }

    /// <summary>C4: clips whose video score is good still hold defective patches, more often than flawless clips would be called so.</summary>
    private Claim Existence(IReadOnlyList<Evidence> evidence)
    {
        PromptStatistic[] rates = [.. evidence.Select(seed => seed.RateInTopHalf(Base, defectThreshold))];
        Interval clean = evidence[0].CleanRate with
        {
            Estimate = evidence.Average(seed => seed.CleanRate.Estimate),
            Low = evidence.Min(seed => seed.CleanRate.Low),
            High = evidence.Max(seed => seed.CleanRate.High),
        };

        // The clean rate is measured on clips of its own; its whole interval is added on both sides, which errs on the wide side.
        PromptStatistic[] excess = [.. rates.Select(rate => rate.Plus(-clean.Estimate))];
        return Claim.Of("C4", $"Of the untuned generator's clips in the top half of the learned scorer, more hold a defective patch than of flawless clips{Given(evidence)}.", [
            _judge.Judge(
                "share of top-half clips with a defective patch: untuned generator − flawless",
                new ClaimRule(0, ClaimDirection.Above),
                excess,
                clean.Estimate - clean.High,
                clean.Estimate - clean.Low),
        ]);
    }

    /// <summary>C5: HALO reduces patch defects, and not by drawing less.</summary>
    private Claim Alleviation(IReadOnlyList<Evidence> evidence)
    {
        const double Kept = 1 - RelativeMargin;
        ClaimRule above = new(0, ClaimDirection.Above);
        return Claim.Of("C5", $"HALO reduces the share of defective patches, without loss of obedience, presence, motion or diversity{Given(evidence)}.", [
            Difference(evidence, "share of defective patches: HALO − base", Base, 0, ClaimDirection.Below, row => row.DefectShare(defectThreshold)),
            Difference(evidence, "caption obedience: HALO − base", Base, -ShareMargin, ClaimDirection.Above, row => row.Measures.Obedience),
            Difference(evidence, "object presence: HALO − base", Base, -ShareMargin, ClaimDirection.Above, row => row.Measures.ObjectPresence),
            _judge.Judge(FormattableString.Invariant($"motion in pixels per frame: HALO − {Kept} × base"), above, [.. evidence.Select(seed => Motion(seed, Halo).Minus(Motion(seed, Base).Times(Kept)))]),
            _judge.Judge(FormattableString.Invariant($"diversity of a prompt's samples: HALO − {Kept} × base"), above, [.. evidence.Select(seed => seed.Diversity(Halo).Minus(seed.Diversity(Base).Times(Kept)))]),
        ]);

        static PromptStatistic Motion(Evidence seed, string arm) => seed.Mean(arm, row => row.Measures.Motion);
    }

    /// <summary>C5b: more than video-only preferences do, with the video reward and with the mean of the same patch rewards.</summary>
    private Claim Granularity(IReadOnlyList<Evidence> evidence)
    {
        string[] baselines = [ReproductionArm.DiffusionDpo.Name, ReproductionArm.PatchMeanDpo.Name];
        return Claim.Of("C5b", $"HALO reduces the share of defective patches more than video-only DPO does{Given(evidence)}.", [.. baselines.Select(baseline =>
            Difference(evidence, $"share of defective patches: HALO − {baseline}", baseline, 0, ClaimDirection.Below, row => row.DefectShare(defectThreshold)))]);
    }

    private ClaimComparison Difference(
        IReadOnlyList<Evidence> evidence, string measure, string baseline, double threshold, ClaimDirection direction, Func<SampleJudgement, double> value) => _judge.Judge(
        measure,
        new ClaimRule(threshold, direction),
        [.. evidence.Select(seed => seed.Mean(Halo, value).Minus(seed.Mean(baseline, value)))]);
}
