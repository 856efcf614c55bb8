using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics;

public sealed class JackknifeTests
{
    private static readonly double[] Values = [3, 1, 4, 1, 5, 9, 2, 6];

    [Fact]
    public void OfAMeanItIsStudentsInterval()
    {
        (double estimate, Interval corrected) = Jackknife.Grouped(Values.Length, units => units.Average(unit => Values[unit]), groups: 100);
        Interval expected = Interval.OfMean(Values);
        Assert.Equal(expected.Estimate, estimate, 1e-12);
        Assert.Equal(expected.Estimate, corrected.Estimate, 1e-12);
        Assert.Equal(expected.Low, corrected.Low, 1e-12);
        Assert.Equal(expected.High, corrected.High, 1e-12);
    }

    [Fact]
    public void AnErrorOfOneOverNIsTakenOff()
    {
        // The mean square of deviations, too small by (n − 1) / n.
        double Biased(int[] units) => units.Average(unit => Math.Pow(Values[unit] - units.Average(other => Values[other]), 2));
        (double estimate, Interval corrected) = Jackknife.Grouped(Values.Length, Biased, groups: Values.Length);
        double unbiased = Values.Sum(value => Math.Pow(value - Values.Average(), 2)) / (Values.Length - 1);
        Assert.Equal(unbiased * 7 / 8, estimate, 1e-12);
        Assert.Equal(unbiased, corrected.Estimate, 1e-12);
    }

    [Fact]
    public void GroupsAreLeftOutWhole()
    {
        List<int[]> seen = [];
        Jackknife.Grouped(
            5,
            units =>
            {
                seen.Add(units);
                return units.Length;
            },
            groups: 2);
        Assert.Equal(["0 1 2 3 4", "1 3", "0 2 4"], seen.Select(units => string.Join(' ', units)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Jackknife.Grouped(1, _ => 0, 2));
    }
}
