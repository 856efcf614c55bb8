using HaloLab.Evaluation;
using HaloLab.Experiments;
using HaloLab.Statistics;

namespace HaloLab.Tests.Experiments;

/// <summary>P-values beside the intervals of judged comparisons.</summary>
public class ComparisonJudgeTests
{
    private static readonly ComparisonJudge Judge = new(runSeed: 1);

    [Theory]
    [InlineData(0, 0.0741799)]
    [InlineData(1, 0.2254033)]
    [InlineData(2, 1)]
    public void OverSeedsItIsATTestAgainstTheThreshold(double threshold, double expected)
    {
        // Values 1, 2, 3: mean 2, standard error 1/√3. With two degrees of freedom p = 1 − t/√(t² + 2).
        PromptStatistic[] seeds = [.. new double[] { 1, 2, 3 }.Select(value => PromptStatistic.Ratio([value], [1]))];
        Assert.Equal(expected, Judge.PValue("a measure", new ClaimRule(threshold, ClaimDirection.Above), seeds), 1e-7);
        Assert.Equal(expected, Judge.PValue("a measure", new ClaimRule(threshold, ClaimDirection.Below), seeds), 1e-7);
    }

    [Fact]
    public void OverPromptsItAgreesWithTheInterval()
    {
        double[] values = [.. Enumerable.Range(0, 60).Select(i => Math.Sin(i))];
        PromptStatistic[] seed = [PromptStatistic.Ratio(values, [.. values.Select(_ => 1.0)])];
        ClaimComparison comparison = Judge.Judge("a measure", new ClaimRule(0, ClaimDirection.Above), seed);
        double standardError = Moments.StandardDeviation(values, 0) / Math.Sqrt(values.Length);
        foreach (double threshold in new[] { comparison.Estimate, comparison.CiLow, comparison.CiHigh, comparison.Estimate + (4 * standardError) })
        {
            double expected = 2 * (1 - Phi(Math.Abs(comparison.Estimate - threshold) / standardError));
            Assert.Equal(expected, Judge.PValue("a measure", new ClaimRule(threshold, ClaimDirection.Above), seed), 0.02);
        }

        static double Phi(double z) => MathNet.Numerics.Distributions.Normal.CDF(0, 1, z);
    }

    [Fact]
    public void SeedsThatAllSayTheThresholdSayNothing() =>
        Assert.Equal(double.NaN, Judge.PValue("a measure", new ClaimRule(0, ClaimDirection.Above), [PromptStatistic.Ratio([0], [1]), PromptStatistic.Ratio([0], [1])]));
}
