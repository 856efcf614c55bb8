using HaloLab.Experiments;
using HaloLab.Experiments.Rewards;
using HaloLab.Statistics;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Tests.ToyWorld;

/// <summary>The claims on made-up evidence whose answers are known.</summary>
public sealed class HaloClaimsTests
{
    private const int Prompts = 24;
    private const int SamplesPerPrompt = 2;
    private const int Cells = 16;
    private const double Threshold = 0.05;

    private static readonly string[] Baselines = ["base", "diffusion-dpo", "patch-mean-dpo"];
    private static readonly OracleMeasures Fine = new(0.9, 0.9, 0.9, 1, 0.95, 0.9, 1.7, 0.01, 0.98);

    [Fact]
    public void FewerDefectsAtEqualQualityAreShown()
    {
        Claim[] claims = Decide(Seed());
        Assert.Equal(Verdict.Shown, Of(claims, "C4").Verdict);
        Assert.Equal(Verdict.Shown, Of(claims, "C5").Verdict);
        Assert.Equal(Verdict.Shown, Of(claims, "C5b").Verdict);
        Assert.Equal(-0.25, Of(claims, "C5").Comparisons[0].Estimate, 0.05);
    }

    [Fact]
    public void MoreDefectsThanTheBaselinesContradict()
    {
        Claim[] claims = Decide(Seed(haloDefects: 0.6));
        Assert.Equal(Verdict.Contradicted, Of(claims, "C5").Verdict);
        Assert.Equal(Verdict.Contradicted, Of(claims, "C5b").Verdict);
        Assert.True(Of(claims, "C5").Estimate > 0, "HALO minus base, not the other way round");
    }

    [Fact]
    public void DefectsLikeTheBaselinesAreNotShown()
    {
        Claim[] claims = Decide(Seed(haloDefects: 0.3));
        Assert.Equal(Verdict.NotShown, Of(claims, "C5").Verdict);
        Assert.Equal(Verdict.NotShown, Of(claims, "C5b").Verdict);
    }

    public static TheoryData<string> Ways => ["empty", "still", "alike", "disobedient"];

    [Theory]
    [MemberData(nameof(Ways))]
    public void DefectsAvoidedByDrawingLessDoNotCount(string way)
    {
        Evidence evidence = way switch
        {
            "empty" => Seed(haloMeasures: Fine with { ObjectPresence = 0.2, ObjectFidelity = 0.2 }),
            "still" => Seed(haloMeasures: Fine with { Motion = 0.3 }),
            "disobedient" => Seed(haloMeasures: Fine with { KindObedience = 0.5 }),
            _ => Seed(haloDiversity: 0.05),
        };
        Claim claim = Of(Decide(evidence), "C5");
        Assert.Equal(Verdict.Shown, claim.Comparisons[0].Verdict);
        Assert.Equal(Verdict.Contradicted, claim.Verdict);
        Assert.Single(claim.Comparisons, comparison => comparison.Verdict == Verdict.Contradicted);
    }

    [Fact]
    public void BothEvaluationMethodsMustPreferHaloToEveryBaseline()
    {
        Claim shown = Of(Decide(Seed(haloMeasures: Fine with { ObjectFidelity = 0.97 }, haloScore: 3.4)), "C3");
        Assert.Equal(Verdict.Shown, shown.Verdict);
        Assert.Equal(2 * Baselines.Length, shown.Comparisons.Count);
        Assert.Equal(0.4, shown.Comparisons.First(comparison => comparison.Measure.StartsWith("learned scorer", StringComparison.Ordinal)).Estimate, 0.1);
        Assert.NotEqual(Verdict.Shown, Of(Decide(Seed(haloMeasures: Fine with { ObjectFidelity = 0.97 }, haloScore: 3)), "C3").Verdict);
        Assert.Equal(Verdict.Contradicted, Of(Decide(Seed(haloMeasures: Fine with { ObjectFidelity = 0.97 }, haloScore: 2)), "C3").Verdict);
    }

    [Fact]
    public void MotionIsPartOfTheOraclesScore()
    {
        Claim claim = Of(Decide(Seed(haloMeasures: Fine with { Motion = 0.2 }, haloScore: 3.4)), "C3");
        Assert.Equal(Verdict.Contradicted, claim.Verdict);
        Assert.StartsWith("oracle score", claim.Measure, StringComparison.Ordinal);
    }

    [Fact]
    public void FlawlessClipsHaveNoPatchDefects() =>
        Assert.Equal(Verdict.Contradicted, Of(Decide(Seed(baseDefects: 0) with { CleanRate = new Interval(0.2, 0.15, 0.25, 0.95) }), "C4").Verdict);

    [Fact]
    public void AModelAsGoodAsAnAnnotatorIsShownAndANoisyOneContradicted()
    {
        Assert.Equal(Verdict.Shown, Of(Decide(Seed(modelNoise: 0.1)), "C1").Verdict);
        Claim contradicted = Of(Decide(Seed(modelNoise: 20)), "C1");
        Assert.Equal(Verdict.Contradicted, contradicted.Verdict);
        Assert.Equal(3, contradicted.Comparisons.Count);
        Assert.All(contradicted.Comparisons, comparison => Assert.Equal(-0.05, comparison.Threshold));
    }

    [Fact]
    public void ContinuingIsShownWhereFewLabelsServeItBetter()
    {
        Assert.Equal(Verdict.Shown, Of(Decide(Seed(modelNoise: 0.1, scratchNoise: 5)), "C2").Verdict);
        Assert.Equal(Verdict.Contradicted, Of(Decide(Seed(modelNoise: 5, scratchNoise: 0.1)), "C2").Verdict);
    }

    [Fact]
    public void TheNumbersBehindAgreementAndLabelsAreKept()
    {
        ClaimBackground background = new HaloClaims([12, 48], Threshold).Background([Seed(modelNoise: 0.1, scratchNoise: 5)], gradesPerPrompt: 100, videoLabels: 2400);
        Assert.Equal(3, background.Agreement.Count);
        Assert.All(background.Agreement, row => Assert.True(row.Model > row.Annotators, row.Measure));
        Assert.Equal(["continued 12", "continued 48", "patch-only 12", "patch-only 48", "joint 12", "joint 48"], background.Efficiency.Select(row => $"{row.Arm} {row.LabelledPrompts}"));
        Assert.True(background.Efficiency[0].PooledSpearman > background.Efficiency[2].PooledSpearman);
        Assert.Equal(1, background.LabelRatioSeeds);
        Assert.InRange(background.LabelRatio.Estimate, 0, 0.5);

        // 2,400 labels of clips are as many as the grades of 24 prompts, half of the 48.
        Assert.Equal(background.LabelRatio.Estimate + 0.5, background.LabelRatioWithVideo.Estimate, 1e-9);
    }

    [Theory]
    [InlineData(1, "prompt", "given these trained models")]
    [InlineData(4, "seed", "given these trained models")]
    [InlineData(5, "seed", "given this pretrained generator")]
    public void AClaimSaysWhatItIsGiven(int seeds, string unit, string given)
    {
        Claim claim = Of(Decide([.. Enumerable.Range(1, seeds).Select(seed => Seed(seed: seed))]), "C5");
        Assert.Contains(given, claim.Statement, StringComparison.Ordinal);
        Assert.Equal((unit, seeds), (claim.Unit, claim.Seeds));
    }

    [Fact]
    public void TheVerdictFollowsFromIntervalAndThreshold()
    {
        foreach (Claim claim in Decide(Seed(), Seed(seed: 2), Seed(seed: 3), Seed(seed: 4), Seed(seed: 5)))
        {
            ClaimComparison deciding = claim.Comparisons.Single(comparison => comparison.Measure == claim.Measure);
            Assert.Equal((claim.Estimate, claim.CiLow, claim.CiHigh, claim.Threshold), (deciding.Estimate, deciding.CiLow, deciding.CiHigh, deciding.Threshold));
            bool isShown = deciding.Direction == ClaimDirection.Above ? claim.CiLow > claim.Threshold : claim.CiHigh < claim.Threshold;
            Assert.Equal(isShown, claim.Verdict == Verdict.Shown);
        }
    }

    private static Claim Of(Claim[] claims, string id) => claims.Single(claim => claim.Id == id);

    private static Claim[] Decide(params Evidence[] seeds) => [.. new HaloClaims([12, 48], Threshold).Decide(seeds)];

    /// <summary>Evidence of one run: a baseline's patch is defective with probability <paramref name="baseDefects"/>, HALO's with <paramref name="haloDefects"/>.</summary>
    private static Evidence Seed(
        double baseDefects = 0.3,
        double haloDefects = 0.05,
        OracleMeasures? haloMeasures = null,
        double haloScore = 3,
        double haloDiversity = 0.2,
        double modelNoise = 0.1,
        double scratchNoise = 5,
        long seed = 1)
    {
        string[] prompts = [.. Enumerable.Range(0, Prompts * SamplesPerPrompt).Select(clip => $"prompt {clip / SamplesPerPrompt}")];
        RandomStream stream = new(seed, "made-up evidence");
        double[][] truth = Table(_ => stream.NextDouble());
        double[][] Noisy(double noise) => Table(value => value + (noise * stream.NextGaussian()), truth);
        double[][][] annotators = [.. Enumerable.Range(0, 3).Select(_ => Noisy(0.5))];
        SortedDictionary<string, double[][]> rewards = new(StringComparer.Ordinal);
        foreach (RewardArm arm in Enum.GetValues<RewardArm>())
        {
            foreach (int labels in new[] { 12, 48 })
            {
                double fewer = labels == 12 ? 1.5 : 1;
                rewards.Add(SeedStages.ModelName(arm, labels), Noisy(fewer * (arm == RewardArm.Continued ? modelNoise : scratchNoise)));
            }
        }

        Dictionary<string, ArmJudgement> judgements = Baselines.ToDictionary(arm => arm, _ => Judgements(baseDefects, Fine, 3, 0.2));
        judgements.Add("halo", Judgements(haloDefects, haloMeasures ?? Fine, haloScore, haloDiversity));
        return new Evidence(
            SeedStages.ModelName(RewardArm.Continued, 48),
            new PatchAgreement(prompts, annotators, rewards, [.. truth.Select(row => row.Average())]),
            judgements,
            new Interval(0.005, 0.001, 0.01, 0.95));

        double[][] Table(Func<double, double> value, double[][]? from = null) =>
            [.. prompts.Select((_, clip) => Enumerable.Range(0, Cells).Select(cell => value(from?[clip][cell] ?? 0)).ToArray())];

        ArmJudgement Judgements(double defects, OracleMeasures measures, double score, double diversity) => new(
            [.. prompts.Select(prompt => new SampleJudgement(
                prompt,
                prompt,
                [.. Enumerable.Range(0, Cells).Select(_ => stream.NextDouble() < defects ? 0.5 : 0)],
                measures with { ObjectFidelity = measures.ObjectFidelity + Jitter(), Motion = measures.Motion + Jitter(), KindObedience = measures.KindObedience + Jitter() },
                [.. Enumerable.Range(0, 5).Select(_ => score + Jitter())]))],
            [.. Enumerable.Range(0, Prompts).Select(_ => diversity + Jitter())]);

        double Jitter() => 0.02 * stream.NextGaussian();
    }
}
