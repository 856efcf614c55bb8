using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics;

public class WassersteinDistanceTests
{
    [Theory]
    [InlineData(new[] { 1.0, 2, 3 }, new[] { 3.0, 1, 2 }, 0)]
    [InlineData(new[] { 0.0, 1 }, new[] { 5.0, 6 }, 5)]
    [InlineData(new[] { 0.0 }, new[] { -1.0, 1 }, 1)]
    [InlineData(new[] { 0.0, 1, 3 }, new[] { 5.0, 6, 8 }, 5)]
    [InlineData(new[] { 0.0, 0, 0, 1 }, new[] { 0.0, 1 }, 0.25)]
    public void MovesEachValueTheShortestWay(double[] first, double[] second, double expected)
    {
        Assert.Equal(expected, WassersteinDistance.First(first, second), 1e-12);
        Assert.Equal(expected, WassersteinDistance.First(second, first), 1e-12);
    }

    [Fact]
    public void StandardisedSamplesDifferInShapeAlone()
    {
        double[] values = [0, 1, 2, 7];
        Assert.Equal(0, WassersteinDistance.FirstOfStandardised(values, [.. values.Select(value => (3 * value) - 4)]), 1e-12);
        Assert.True(WassersteinDistance.FirstOfStandardised(values, [0, 1, 2, 3]) > 0.1);
        Assert.True(double.IsNaN(WassersteinDistance.FirstOfStandardised(values, [1, 1])));
        Assert.True(double.IsNaN(WassersteinDistance.First([], values)));
        Assert.True(double.IsNaN(WassersteinDistance.First([double.NaN], values)));
    }

    [Fact]
    public void OfEqualSizesItIsTheMeanDifferenceOfSortedValues()
    {
        RandomStream stream = new(1, "wasserstein test");
        double[] x = [.. Enumerable.Range(0, 50).Select(_ => stream.NextGaussian())];
        double[] y = [.. Enumerable.Range(0, 50).Select(_ => 1 + (2 * stream.NextGaussian()))];
        Assert.Equal(x.Order().Zip(y.Order()).Average(pair => Math.Abs(pair.First - pair.Second)), WassersteinDistance.First(x, y), 1e-12);
    }
}
