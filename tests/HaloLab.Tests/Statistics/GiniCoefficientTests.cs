using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics;

public class GiniCoefficientTests
{
    [Theory]
    [InlineData(0.0, 2.0, 2.0, 2.0)]
    [InlineData(0.75, 0.0, 5.0, 0.0, 0.0)]
    // Mean absolute difference of all ordered pairs, (2 + 2) / 4 = 1, over twice the mean, 4.
    [InlineData(0.25, 1.0, 3.0)]
    [InlineData(0.25, 3.0, 1.0)]
    [InlineData(0.0, 7.0)]
    public void HandComputedValues(double expected, params double[] amounts) => Assert.Equal(expected, GiniCoefficient.Of(amounts), 1e-12);

    [Fact]
    public void NothingToHoldIsUndefined()
    {
        Assert.True(double.IsNaN(GiniCoefficient.Of([])));
        Assert.True(double.IsNaN(GiniCoefficient.Of([0.0, 0.0])));
        Assert.Throws<ArgumentOutOfRangeException>(() => GiniCoefficient.Of([1.0, -1.0]));
    }

    [Fact]
    public void ItIsHalfTheMeanDifferenceOverTheMean()
    {
        RandomStream stream = new(1, "gini");
        double[] amounts = [.. Enumerable.Range(0, 50).Select(_ => Math.Exp(stream.NextGaussian()))];
        double difference = amounts.Average(a => amounts.Average(b => Math.Abs(a - b)));
        Assert.Equal(difference / (2 * amounts.Average()), GiniCoefficient.Of(amounts), 1e-12);
        Assert.Equal(GiniCoefficient.Of(amounts), GiniCoefficient.Of(Array.ConvertAll(amounts, amount => 3 * amount)), 1e-12);
    }
}
