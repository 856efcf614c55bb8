using HaloLab.Evaluation;
using HaloLab.Statistics;

namespace HaloLab.Tests.Evaluation;

public sealed class FeatureDistancesTests
{
    [Fact]
    public void WithAPromptForEverySampleTheKernelDistanceIsTheUsualOne()
    {
        double[][] x = Normal(7, 3, "x");
        double[][] y = Normal(5, 3, "y", shift: 0.5);
        PromptStatistic byPrompt = FeatureDistances.KernelByPrompt([.. x.Select(row => (double[][])[row]), .. y.Select(_ => (double[][])[])], [.. x.Select(_ => (double[][])[]), .. y.Select(row => (double[][])[row])]);
        Assert.Equal(FeatureDistances.Kernel(x, y), byPrompt.Estimate(), 1e-12);
        Assert.True(double.IsNaN(byPrompt.Of([0, 0, 7, 8])), "one prompt of x alone has no pair");
    }

    [Fact]
    public void PairsOfOnePromptAreLeftOut()
    {
        // Two prompts, width 1, so the kernel is (xy + 1)³. Prompt 0: x 1 and 2, y 0; prompt 1: x 1, y 3.
        double distance = FeatureDistances.KernelByPrompt([[[1], [2]], [[1]]], [[[0]], [[3]]]).Estimate();
        double within = (8 + 27) / 2.0;
        const double Other = 1;
        double between = (Math.Pow(4, 3) + Math.Pow(7, 3) + 1) / 3;
        Assert.Equal(within + Other - (2 * between), distance, 1e-12);
    }

    [Fact]
    public void AllPromptsTogetherCountAsOftenAsTheyAreDrawn()
    {
        double[][][] x = [.. Normal(3, 2, "x").Select(row => (double[][])[row])];
        double[][][] y = [.. Normal(3, 2, "y").Select(row => (double[][])[row])];
        PromptStatistic statistic = FeatureDistances.KernelByPrompt(x, y);
        double Pair(int p, int q) => FeatureDistances.KernelByPrompt([x[p], x[q]], [y[p], y[q]]).Estimate();

        // Prompt 0 twice: its pairs with the others weigh double, the two copies are no pair.
        Assert.Equal(((2 * Pair(0, 1)) + (2 * Pair(0, 2)) + Pair(1, 2)) / 5, statistic.Of([0, 0, 1, 2]), 1e-12);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void WhatAFrechetDistanceIsTooHighByIsTakenOff(int samples)
    {
        // Two sets of one distribution, at and above the fewest samples for a width of 16.
        double[] uncorrected = new double[8];
        double[] corrected = new double[8];
        for (int i = 0; i < uncorrected.Length; i++)
        {
            double[][] x = Normal(samples, 16, $"x{i}");
            double[][] y = Normal(samples, 16, $"y{i}");
            (uncorrected[i], Interval interval) = Jackknife.Grouped(samples, kept => FeatureDistances.Frechet([.. kept.Select(k => x[k])], [.. kept.Select(k => y[k])]), 20);
            corrected[i] = interval.Estimate;
        }

        double bias = uncorrected.Average();
        Assert.InRange(bias, 0.7 * 16 * 16 / 4 * 2 / samples, 1.7 * 16 * 16 / 4 * 2 / samples);
        Assert.InRange(corrected.Average(), -0.25 * bias, 0.25 * bias);
    }

    private static double[][] Normal(int samples, int width, string what, double shift = 0)
    {
        RandomStream stream = new(5, what);
        return [.. Enumerable.Range(0, samples).Select(_ => Enumerable.Range(0, width).Select(_ => stream.NextGaussian() + shift).ToArray())];
    }
}
