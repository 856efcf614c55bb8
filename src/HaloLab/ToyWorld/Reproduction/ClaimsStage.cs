using System.Text.Json.Nodes;
using HaloLab.Evaluation;
using HaloLab.Experiments;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>
/// Decides the claims C1 to C5b. What is measured, against which threshold and margin, stands in this file and was fixed before any arm was
/// trained; it may change only with a new version of the stage.
/// </summary>
internal sealed class ClaimsStage(ReproductionSettings settings, ToyGeneratorFiles generator, IReadOnlyList<SeedStages> seeds)
{
    public const string File = "claims.json";
    private const string Base = "base";
    private const string HaloName = "halo";

    /// <summary>C1: how far below the mean annotator the model's agreement may be.</summary>
    private const double AgreementMargin = 0.05;

    /// <summary>C5: what tuning may cost in obedience and presence (shares), and in motion and diversity (relative to the untuned generator).</summary>
    private const double ShareMargin = 0.03;
    private const double RelativeMargin = 0.10;

    private readonly ComparisonJudge _judge = new(runSeed: 1);

    public Stage Stage() => new(
        "claims",
        2,
        new JsonObject { ["preset"] = settings.Preset, ["threshold"] = generator.DefectThreshold },
        [.. seeds.SelectMany(seed => seed.Judged())],
        5,
        Decide);

    private void Decide(StageContext context)
    {
        Evidence[] evidence = [.. seeds.Select(seed => seed.Read(context))];
        JsonFile.Write(context.PathOf(File), new[] { Agreement(evidence), Distillation(evidence), Superiority(evidence), Existence(evidence), Alleviation(evidence), Granularity(evidence) });
    }

    private string Given => seeds.Count == 1 ? ", given these trained models" : "";

    /// <summary>C1: the patch reward model agrees with (simulated) annotators about as well as one of them agrees with the others.</summary>
    private Claim Agreement(Evidence[] evidence)
    {
        (string Name, HumanAgreement.Measure Measure)[] measures =
        [
            ("same-place A/B accuracy", (scores, reference, prompts) => HumanAgreement.SamePlaceAccuracy(scores, reference, prompts)),
            ("within-clip Spearman", HumanAgreement.WithinClipSpearman),
            ("pooled Spearman", HumanAgreement.PooledSpearman),
        ];
        return Claim.Of("C1", $"The patch reward model agrees with simulated annotators as well as one of them agrees with the others, less {AgreementMargin}{Given}.", [.. measures.Select(measure => _judge.Judge(
            $"{measure.Name}: model − mean annotator",
            ClaimRule.NonInferior(AgreementMargin),
            [.. evidence.Select(seed => HumanAgreement.LeaveOneOut(measure.Measure, seed.Agreement.PatchRewards[seed.FinalModel], seed.Agreement.Annotators, seed.PromptOfClip).Difference)]))]);
    }

    /// <summary>C2: continued training needs fewer labels, and keeps patch and video rewards consistent.</summary>
    private Claim Distillation(Evidence[] evidence)
    {
        int fewest = settings.LabelBudgets[0];
        List<ClaimComparison> comparisons = [];
        foreach (RewardArm other in new[] { RewardArm.PatchOnly, RewardArm.Joint })
        {
            comparisons.Add(_judge.Judge(
                $"pooled Spearman with annotators at {fewest} labelled prompts: continued − {RewardStage.Name(other)} from scratch",
                new ClaimRule(0, ClaimDirection.Above),
                [.. evidence.Select(seed => Pooled(seed, RewardArm.Continued, fewest).Minus(Pooled(seed, other, fewest)))]));
        }

        comparisons.Add(_judge.Judge(
            "correlation of mean patch reward and video reward: continued − patch-only from scratch",
            new ClaimRule(0, ClaimDirection.Above),
            [.. evidence.Select(seed => Consistency(seed, RewardArm.Continued).Minus(Consistency(seed, RewardArm.PatchOnly)))]));
        return Claim.Of("C2", $"Continuing the video reward model on distilled patch grades is label-efficient and keeps video and patch rewards consistent{Given}.", comparisons);

        static PromptStatistic Pooled(Evidence seed, RewardArm arm, int labels) => HumanAgreement.PooledSpearman(
            seed.Agreement.PatchRewards[SeedStages.ModelName(arm, labels)], HumanAgreement.MeanGrades(seed.Agreement.Annotators), seed.PromptOfClip);

        PromptStatistic Consistency(Evidence seed, RewardArm arm)
        {
            double[][] patches = seed.Agreement.PatchRewards[SeedStages.ModelName(arm, settings.LabelBudgets[^1])];
            return PromptStatistic.Correlation([.. Enumerable.Range(0, seed.PromptCount).Select(prompt =>
                (IReadOnlyList<(double, double)>)[.. seed.ClipsOf(prompt).Select(clip => (patches[clip].Average(), seed.Agreement.VideoRewards[clip]))])]);
        }
    }

    /// <summary>C3: HALO beats every baseline under both evaluation methods.</summary>
    private Claim Superiority(Evidence[] evidence)
    {
        List<ClaimComparison> comparisons = [];
        foreach (string baseline in evidence[0].Judgements.Keys.Where(name => name != HaloName))
        {
            comparisons.Add(Difference(evidence, $"oracle score: HALO − {baseline}", baseline, 0, ClaimDirection.Above, Evidence.OracleScore));
            comparisons.Add(Difference(evidence, $"learned scorer: HALO − {baseline}", baseline, 0, ClaimDirection.Above, Evidence.LearnedScore));
        }

        return Claim.Of("C3", $"HALO beats the baselines under both evaluation methods{Given}.", comparisons);
    }

    /// <summary>C4: clips whose video score is good still hold defective patches, more often than flawless clips would be called so.</summary>
    private Claim Existence(Evidence[] evidence)
    {
        PromptStatistic[] rates = [.. evidence.Select(seed => seed.RateInTopHalf(Base, generator.DefectThreshold))];
        Interval clean = evidence[0].CleanRate with
        {
            Estimate = evidence.Average(seed => seed.CleanRate.Estimate),
            Low = evidence.Min(seed => seed.CleanRate.Low),
            High = evidence.Max(seed => seed.CleanRate.High),
        };

        // The clean rate is measured on clips of its own; its whole interval is added on both sides, which errs on the wide side.
        PromptStatistic[] excess = [.. rates.Select(rate => rate.Plus(-clean.Estimate))];
        return Claim.Of("C4", $"Of the untuned generator's clips in the top half of the learned scorer, more hold a defective patch than of flawless clips{Given}.", [
            _judge.Judge(
                "share of top-half clips with a defective patch: untuned generator − flawless",
                new ClaimRule(0, ClaimDirection.Above),
                excess,
                clean.Estimate - clean.High,
                clean.Estimate - clean.Low),
        ]);
    }

    /// <summary>C5: HALO reduces patch defects, and not by drawing less.</summary>
    private Claim Alleviation(Evidence[] evidence)
    {
        double motion = RelativeMargin * evidence.Average(seed => seed.Mean(Base, row => row.Measures.Motion).Estimate());
        double diversity = RelativeMargin * evidence.Average(seed => seed.Diversity(Base).Estimate());
        return Claim.Of("C5", $"HALO reduces the share of defective patches, without loss of obedience, presence, motion or diversity{Given}.", [
            Difference(evidence, "share of defective patches: HALO − base", Base, 0, ClaimDirection.Below, row => row.DefectShare(generator.DefectThreshold)),
            Difference(evidence, "caption obedience: HALO − base", Base, -ShareMargin, ClaimDirection.Above, row => row.Measures.Obedience),
            Difference(evidence, "object presence: HALO − base", Base, -ShareMargin, ClaimDirection.Above, row => row.Measures.ObjectPresence),
            Difference(evidence, "motion in pixels per frame: HALO − base", Base, -motion, ClaimDirection.Above, row => row.Measures.Motion),
            _judge.Judge(
                "diversity of a prompt's samples: HALO − base",
                new ClaimRule(-diversity, ClaimDirection.Above),
                [.. evidence.Select(seed => seed.Diversity(HaloName).Minus(seed.Diversity(Base)))]),
        ]);
    }

    /// <summary>C5b: more than video-only preferences do, with the video reward and with the mean of the same patch rewards.</summary>
    private Claim Granularity(Evidence[] evidence)
    {
        string[] baselines = [ReproductionArm.DiffusionDpo.Name, ReproductionArm.PatchMeanDpo.Name];
        return Claim.Of("C5b", $"HALO reduces the share of defective patches more than video-only DPO does{Given}.", [.. baselines.Select(baseline =>
            Difference(evidence, $"share of defective patches: HALO − {baseline}", baseline, 0, ClaimDirection.Below, row => row.DefectShare(generator.DefectThreshold)))]);
    }

    private ClaimComparison Difference(
        Evidence[] evidence, string measure, string baseline, double threshold, ClaimDirection direction, Func<JudgementStage.Row, double> value) => _judge.Judge(
        measure,
        new ClaimRule(threshold, direction),
        [.. evidence.Select(seed => seed.Mean(HaloName, value).Minus(seed.Mean(baseline, value)))]);
}
