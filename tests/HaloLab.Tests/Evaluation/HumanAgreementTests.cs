using HaloLab.Evaluation;
using HaloLab.Statistics;

namespace HaloLab.Tests.Evaluation;

public class HumanAgreementTests
{
    private const double Missing = double.NaN;

    [Fact]
    public void SamePlaceAccuracyCountsUntiedCellsOfPairsOfOnePrompt()
    {
        // Prompt 5: clips 0 and 1. Cells: right, wrong, equal scores (one half), tied reference, missing score, missing reference.
        // Prompt 9: clips 2 and 3. Cell 0 wrong, the rest tied.
        double[][] reference = [[3, 1, 2, 2, 1, Missing], [1, 3, 1, 2, 5, 1], [1, 1, 1, 1, 1, 1], [2, 1, 1, 1, 1, 1]];
        double[][] scores = [[0.9, 0.9, 0.5, 0.1, Missing, 0.2], [0.1, 0.1, 0.5, 0.9, 0.5, 0.1], [0.8, 0, 0, 0, 0, 0], [0.3, 0, 0, 0, 0, 0]];
        PromptStatistic accuracy = HumanAgreement.SamePlaceAccuracy(scores, reference, [5, 5, 9, 9]);
        Assert.Equal(2, accuracy.Prompts);
        Assert.Equal(1.5 / 3, accuracy.Of([0]), 1e-12);
        Assert.Equal(0.0, accuracy.Of([1]), 1e-12);
        Assert.Equal(1.5 / 4, accuracy.Estimate(), 1e-12);
        Assert.Equal(3.0 / 7, accuracy.Of([0, 0, 1]), 1e-12);

        // With ties up to 1 only cells 0 and 1 of the first pair are left.
        Assert.Equal(0.5, HumanAgreement.SamePlaceAccuracy(scores, reference, [5, 5, 9, 9], tie: 1).Estimate(), 1e-12);
        Assert.Equal(double.NaN, HumanAgreement.SamePlaceAccuracy(scores, reference, [1, 2, 3, 4]).Estimate());
    }

    [Fact]
    public void WithinClipSpearmanAveragesClipsThatHaveOne()
    {
        // Clip 0: ranks 1 2 3 4 against 1 2 4 3 is 0.8; clip 1: reversed, −1; clip 2: constant reference, none; clip 3: constant scores, 0.
        double[][] reference = [[1, 2, 4, 3, Missing], [1, 2, 3, Missing, 4], [5, 5, 5, 5, 5], [1, 2, 3, 4, 5]];
        double[][] scores = [[10, 20, 30, 40, 0], [4, 3, 2, 9, 1], [1, 2, 3, 4, 5], [7, 7, 7, 7, 7]];
        PromptStatistic statistic = HumanAgreement.WithinClipSpearman(scores, reference, [0, 1, 1, 0]);
        Assert.Equal((0.8 + 0.0) / 2, statistic.Of([0]), 1e-12);
        Assert.Equal(-1.0, statistic.Of([1]), 1e-12);
        Assert.Equal((0.8 - 1.0 + 0.0) / 3, statistic.Estimate(), 1e-12);

        // Of clip 0's six pairs of cells five are in order: 4/6.
        Assert.Equal(((4 / 6.0) - 1.0 + 0.0) / 3, HumanAgreement.WithinClipKendall(scores, reference, [0, 1, 1, 0]).Estimate(), 1e-12);
    }

    [Fact]
    public void PooledSpearmanIsSpearmanOverAllPresentCells()
    {
        RandomStream stream = new(1, "pooled");
        double[][] reference = [.. Enumerable.Range(0, 7).Select(_ => Enumerable.Range(0, 8).Select(_ => stream.Next(5) is 4 ? Missing : (double)stream.Next(4)).ToArray())];
        double[][] scores = [.. reference.Select(row => row.Select(value => stream.Next(6) is 5 ? Missing : (double.IsNaN(value) ? 0 : value) + stream.NextGaussian()).ToArray())];
        (double X, double Y)[] present = [.. scores.SelectMany(row => row).Zip(reference.SelectMany(row => row)).Where(pair => !double.IsNaN(pair.First) && !double.IsNaN(pair.Second))];
        double expected = Correlation.Spearman([.. present.Select(pair => pair.X)], [.. present.Select(pair => pair.Y)]).Estimate;
        PromptStatistic statistic = HumanAgreement.PooledSpearman(scores, reference, [3, 1, 3, 2, 2, 1, 1]);
        Assert.Equal(expected, statistic.Estimate(), 1e-12);
        Assert.Equal(expected, statistic.Of([0, 1, 2, 0, 1, 2]), 1e-12);
        Assert.NotEqual(expected, statistic.Of([0, 0, 2]), 1e-6);
    }

    [Fact]
    public void PooledSpearmanOfConstantScoresIsZero()
    {
        // A reward model that has not learned to see a defect gives 5 everywhere: it agrees with nobody, and a difference to it is defined.
        double[][] reference = [[1, 2, 4, 3], [1, 2, 3, 4], [5, 5, 5, 5]];
        double[][] constant = [[5, 5, 5, 5], [5, 5, 5, 5], [5, 5, 5, 5]];
        double[][] scores = [[1, 2, 4, 3], [5, 5, 5, 5], [5, 5, 5, 5]];
        Assert.Equal(0.0, HumanAgreement.PooledSpearman(constant, reference, [0, 1, 2]).Estimate());
        PromptStatistic statistic = HumanAgreement.PooledSpearman(scores, reference, [0, 1, 2]);
        Assert.InRange(statistic.Estimate(), 0.1, 1);

        // Also where only the prompts drawn are constant, although their rank is not the mean rank; a constant reference has no correlation at all.
        Assert.Equal(0.0, statistic.Of([1, 1, 1]));
        Assert.Equal(double.NaN, statistic.Of([2, 2]));
    }

    [Fact]
    public void LeaveOneOutHoldsModelAndAnnotatorAgainstTheSameOthers()
    {
        // Three annotators, two clips of one prompt, three cells. The third annotator prefers the other clip in cell 1 and skipped cell 2.
        double[][] first = [[1, 1, 1], [2, 2, 2]];
        double[][] second = [[1, 1, 1], [3, 3, 2]];
        double[][] third = [[1, 5, Missing], [2, 1, Missing]];
        double[][] model = [[0, 0, 1], [1, 1, 0]];

        // Left out 1: others prefer B, A (2.0 against 3.0: 3 > 2), B. Means: cell 0 1 → 2.5, cell 1 3 → 2, cell 2 1 → 2.
        // first: right, wrong, right; model: right, wrong, wrong. Left out 2: cell 0 1 → 2, cell 1 3 → 1.5, cell 2 1 → 2: the same.
        // Left out 3: cells 0 and 1 prefer B; third: right, wrong; model: right, right; cell 2 is not looked at.
        AnnotatorComparison comparison = HumanAgreement.LeaveOneOut((s, r, p) => HumanAgreement.SamePlaceAccuracy(s, r, p), model, [first, second, third], [0, 0]);
        Assert.Equal(((2.0 / 3) + (2.0 / 3) + 0.5) / 3, comparison.Annotators.Estimate(), 1e-12);
        Assert.Equal(((1.0 / 3) + (1.0 / 3) + 1.0) / 3, comparison.Model.Estimate(), 1e-12);
        Assert.Equal(comparison.Model.Estimate() - comparison.Annotators.Estimate(), comparison.Difference.Estimate(), 1e-12);
        Assert.Equal([1.0, 7.0 / 3, 1.0], HumanAgreement.MeanGrades([first, second, third])[0]);
    }

    [Fact]
    public void BootstrapDrawsPrompts()
    {
        // Prompts are internally constant: 12 clips of 3 prompts bear the uncertainty of 3 numbers.
        PromptStatistic statistic = PromptStatistic.Ratio([4, 0, 2], [4, 4, 4]);
        BootstrapResult result = statistic.Bootstrap(new RandomStream(1, "bootstrap"), replicates: 4000);
        Assert.Equal(0.5, result.Estimate, 1e-12);
        Assert.Equal(Math.Sqrt((0.25 + 0.25 + 0) / 3 / 3), result.StandardError, 0.01);
    }
}
