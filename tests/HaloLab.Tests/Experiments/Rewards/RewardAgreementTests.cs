using HaloLab.Evaluation;
using HaloLab.Experiments.Rewards;
using HaloLab.Preferences.Labels;
using HaloLab.Rewards.Patches;
using HaloLab.Statistics;
using HaloLab.Videos;

namespace HaloLab.Tests.Experiments.Rewards;

public sealed class RewardAgreementTests : IDisposable
{
    private static readonly PatchGrid Grid = new(1, 1, 3);
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-agreement").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AgreementIsCountedByHand()
    {
        // Two prompts with two clips each; a tie in the second prompt, and a comparison that two people split.
        RewardLabels labels = Labels();
        double[][] rewards = [[0.9], [0.1], [0.5], [0.45]];
        double[][] patches = [[1, 2, 3], [3, 2, 1], [1, 1, 2], [0, 5, 5]];
        RewardAgreement agreement = new(labels, RewardAgreement.MainGrid(labels), rewards.Select((row, i) => new ClipEvaluation(i, row, patches[i].Average(), [patches[i]])));
        Assert.Equal(Grid, agreement.Grid);
        Assert.Equal(4, agreement.GradedClips);

        // Clip a: grades 1 2 3 agree; b: 1 2 3 against 3 2 1; c: 5 5 5 is constant and left out; d: 1, 3 (mean of 2 and 4), 5 beside 0 5 5.
        PromptStatistic within = agreement.Patches(HumanAgreement.WithinClipSpearman)!;
        Assert.Equal((1 - 1 + Correlation.Spearman([0, 5, 5], [1, 3, 5]).Estimate) / 3, within.Estimate(), 1e-9);

        (int[] human, double[] difference, int[] prompt) = agreement.Pairs(0);
        Assert.Equal([1, 0], human);
        Assert.Equal([0.8, 0.05], difference, (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([0, 1], prompt);
        Assert.Equal(1, agreement.AccuracyWithoutTies(0)!.Estimate());
        Assert.Equal(0.5, agreement.AccuracyWithTies(0, 0.01)!.Estimate());
        Assert.Equal(1, agreement.AccuracyWithTies(0, 0.05 + 1e-9)!.Estimate());
        Assert.Null(agreement.AccuracyWithTies(0, double.NaN));
        Assert.Equal(-2 / Math.Sqrt(5), agreement.Ratings(0)!.Estimate(), 1e-9);
        Assert.Equal(agreement.Patches(HumanAgreement.PooledSpearman)!.Estimate(), agreement.Overall(1));

        // Without grades the comparisons decide, without these the ratings.
        RewardLabels pairs = Labels(withPatches: false);
        Assert.Equal(1, new RewardAgreement(pairs, null, rewards.Select((row, i) => new ClipEvaluation(i, row, double.NaN, []))).Overall(1));
    }

    [Fact]
    public void TheLineThroughTwoNumbersOfLabelsSaysTheRatio()
    {
        LabelEfficiency curve = new(
        [
            new(RewardArm.Continued, 1, 10, 0.2), new(RewardArm.Continued, 1, 100, 0.6),
            new(RewardArm.PatchOnly, 1, 10, 0.1), new(RewardArm.PatchOnly, 1, 100, 0.4),
            new(RewardArm.Continued, 2, 10, 0.5), new(RewardArm.Continued, 2, 100, 0.4),
            new(RewardArm.PatchOnly, 2, 10, double.NaN), new(RewardArm.PatchOnly, 2, 100, 0.4),
        ]);
        Assert.Equal(0.4 / Math.Log(10), curve.Line(RewardArm.Continued, 1)!.Value.Slope, 1e-12);
        Assert.Equal(-0.2, curve.Line(RewardArm.Continued, 1)!.Value.Intercept, 1e-12);

        // 0.4 lies half way between 10 and 100 on a logarithmic axis.
        Assert.Equal(Math.Sqrt(1000) / 100, curve.Ratio(1)!.Value, 1e-12);
        Assert.Null(curve.Ratio(2));
        Assert.Null(curve.Line(RewardArm.PatchOnly, 2));
        Assert.Null(curve.Line(RewardArm.Joint, 1));
        Assert.Equal(Math.Sqrt(1000) / 100, curve.Ratio([1L, 2]).Estimate, 1e-12);
        Assert.False(curve.Ratio([1L, 2]).IsDefined);
        Assert.Equal((Math.Sqrt(1000) + 50) / 100, curve.Ratio(1, before: 50)!.Value, 1e-12);

        // Ratios are averaged on a logarithmic axis: √10 / 10 and √10 have the mean 1, and an interval as wide on both sides of it.
        LabelEfficiency two = new(
        [
            new(RewardArm.Continued, 1, 10, 0.2), new(RewardArm.Continued, 1, 100, 0.6), new(RewardArm.PatchOnly, 1, 100, 0.4),
            new(RewardArm.Continued, 2, 10, 0.2), new(RewardArm.Continued, 2, 100, 0.6), new(RewardArm.PatchOnly, 2, 100, 0.8),
        ]);
        Interval ratio = two.Ratio([1L, 2]);
        Assert.Equal(1, ratio.Estimate, 1e-12);
        Assert.Equal(1, ratio.Low * ratio.High, 1e-9);
        Assert.InRange(ratio.Low, 1e-9, 0.1);
    }

    [Fact]
    public void ConsistencyKeepsTheUnits()
    {
        RewardConsistency consistency = RewardConsistency.Of([1, 2, 3, 4], [11, 12, 13, 14]);
        Assert.Equal((4, 10.0, 0.0), (consistency.Clips, consistency.Wasserstein, Math.Round(consistency.WassersteinStandardised, 12)));
        Assert.Equal((1.0, 1.0), (Math.Round(consistency.Pearson, 12), Math.Round(consistency.Spearman, 12)));
    }

    private RewardLabels Labels(bool withPatches = true)
    {
        string path = Path.Combine(_folder, $"labels-{withPatches}.sqlite");
        using LabelStore store = LabelStore.OpenOrCreate(path);
        RatingScale scale = new(1, 5, isWhole: true);
        int[][] grades = [[1, 2, 3], [1, 2, 3], [5, 5, 5], [1, 2, 5]];
        List<Label> labels = [];
        for (int clip = 0; clip < 4; clip++)
        {
            Label one = new() { Clip = Hash(clip), Prompt = $"prompt {clip / 2}", Dimension = "local defect", Annotator = "anna", AnnotatorKind = AnnotatorKind.Human };
            if (withPatches)
            {
                labels.AddRange(grades[clip].Select((grade, cell) => one with { Grid = Grid, Cell = cell, Value = grade, Scale = scale }));
            }

            labels.Add(one with { Dimension = "overall", Value = 2 + clip % 2, Scale = scale, Annotator = "rater" });
            if (clip == 3 && withPatches)
            {
                labels.Add(one with { Grid = Grid, Cell = 1, Value = 4, Scale = scale, Annotator = "bert" });
            }
        }

        Label pair = new() { Clip = Hash(0), OtherClip = Hash(1), Prompt = "prompt 0", Dimension = "overall", Choice = PairChoice.A, Annotator = "anna", AnnotatorKind = AnnotatorKind.Human };
        labels.AddRange([pair, pair with { Clip = Hash(2), OtherClip = Hash(3), Prompt = "prompt 1" }, pair with { Clip = Hash(2), OtherClip = Hash(3), Prompt = "prompt 1", Choice = PairChoice.B, Annotator = "bert" }]);
        store.Append(labels, "test");
        return RewardLabels.Read(store, new RewardLabelOptions(), ["video reward"]);
    }

    private static string Hash(int clip) => new((char)('a' + clip), 64);
}
