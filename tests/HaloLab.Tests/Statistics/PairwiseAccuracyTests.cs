using System.Text.Json;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Statistics;

public class PairwiseAccuracyTests
{
    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(GoldenCase.Find), "statistics", new[] { "videoalign_accuracy*" }, MemberType = typeof(GoldenCase), DisableDiscoveryEnumeration = true)]
    public void MatchesReference(GoldenCase golden)
    {
        foreach (JsonElement data in golden.Json.GetProperty("data").GetProperty("cases").EnumerateArray())
        {
            int[] human = data.Integers("human");
            double[] difference = data.Numbers("score_difference");
            TieAwareAccuracy best = PairwiseAccuracy.WithTies(human, difference);
            JsonNumbers.Close(data.GetProperty("with_ties"), best.Accuracy, "with ties");
            JsonNumbers.Close(data.GetProperty("epsilon"), best.Threshold, "threshold");
            JsonNumbers.Close(data.GetProperty("without_ties"), PairwiseAccuracy.WithoutTies(human, difference), "without ties");
            Assert.Equal(best.Accuracy, PairwiseAccuracy.WithTies(human, difference, best.Threshold));
        }
    }

    [Fact]
    public void ByHand()
    {
        int[] human = [1, -1, 0, 1];
        double[] difference = [2.0, -0.5, 0.5, 0.0];
        // Untied: right, right, and a difference of 0 that prefers nobody.
        Assert.Equal(2.0 / 3.0, PairwiseAccuracy.WithoutTies(human, difference));
        // Threshold 0: right, right, wrong, wrong. 0.5: right, wrong, right, wrong. 2: only the tie is right.
        Assert.Equal(new TieAwareAccuracy(0.5, 0.0), PairwiseAccuracy.WithTies(human, difference));
        Assert.Equal(0.25, PairwiseAccuracy.WithTies(human, difference, 2.0));
    }

    [Fact]
    public void NothingToCompareIsUndefined()
    {
        Assert.True(double.IsNaN(PairwiseAccuracy.WithoutTies([0, 0], [1, 2])));
        Assert.True(double.IsNaN(PairwiseAccuracy.WithTies([], []).Accuracy));
        Assert.True(double.IsNaN(PairwiseAccuracy.WithTies([1], [double.NaN]).Accuracy));
        Assert.Throws<ArgumentException>(() => PairwiseAccuracy.WithoutTies([1], [1, 2]));
    }
}
