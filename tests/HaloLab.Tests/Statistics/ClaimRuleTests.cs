using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics;

public class ClaimRuleTests
{
    [Theory]
    [InlineData(0.1, 0.3, ClaimDirection.Above, Verdict.Shown)]
    [InlineData(0.0, 0.3, ClaimDirection.Above, Verdict.NotShown)]
    [InlineData(-0.1, 0.3, ClaimDirection.Above, Verdict.NotShown)]
    [InlineData(-0.3, 0.0, ClaimDirection.Above, Verdict.NotShown)]
    [InlineData(-0.3, -0.1, ClaimDirection.Above, Verdict.Contradicted)]
    [InlineData(-0.3, -0.1, ClaimDirection.Below, Verdict.Shown)]
    [InlineData(0.1, 0.3, ClaimDirection.Below, Verdict.Contradicted)]
    [InlineData(double.NaN, double.NaN, ClaimDirection.Above, Verdict.NotShown)]
    [InlineData(0.1, double.PositiveInfinity, ClaimDirection.Above, Verdict.Shown)]
    public void VerdictFollowsFromIntervalAndThreshold(double low, double high, ClaimDirection direction, Verdict expected) =>
        Assert.Equal(expected, new ClaimRule(0.0, direction).Judge(new Interval((low + high) / 2.0, low, high, 0.95)));

    [Fact]
    public void NoDataIsNotRun() => Assert.Equal(Verdict.NotRun, new ClaimRule(0.0, ClaimDirection.Above).Judge(null));

    [Fact]
    public void NonInferiorityAllowsLessThanTheMargin()
    {
        Interval difference = new(-0.01, -0.03, 0.01, 0.95);
        Assert.Equal(Verdict.Shown, ClaimRule.NonInferior(0.05).Judge(difference));
        Assert.Equal(Verdict.NotShown, ClaimRule.NonInferior(0.02).Judge(difference));
        Assert.Equal(Verdict.Shown, ClaimRule.NonInferior(0.02, ClaimDirection.Below).Judge(difference));
        Assert.Equal(Verdict.Contradicted, ClaimRule.NonInferior(0.05).Judge(new Interval(-0.1, -0.2, -0.06, 0.95)));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClaimRule.NonInferior(-0.1));
    }

    [Theory]
    [InlineData(0.04, Verdict.Shown, Verdict.Contradicted)]
    [InlineData(0.05, Verdict.Shown, Verdict.Contradicted)]
    [InlineData(0.06, Verdict.NotShown, Verdict.NotShown)]
    [InlineData(double.NaN, Verdict.NotShown, Verdict.NotShown)]
    public void AVerdictOfAFamilyStandsOnlyWithItsCorrectedPValue(double corrected, Verdict above, Verdict below)
    {
        Interval difference = new(0.2, 0.1, 0.3, 0.95);
        Assert.Equal(above, new ClaimRule(0, ClaimDirection.Above).Judge(difference, corrected, 0.05));
        Assert.Equal(below, new ClaimRule(0, ClaimDirection.Below).Judge(difference, corrected, 0.05));
        Assert.Equal(Verdict.NotShown, new ClaimRule(0.2, ClaimDirection.Above).Judge(difference, corrected, 0.05));
        Assert.Equal(Verdict.NotRun, new ClaimRule(0, ClaimDirection.Above).Judge(null, corrected, 0.05));
    }

    [Fact]
    public void ConjunctionNeedsEveryComparison()
    {
        Assert.Equal(Verdict.Shown, ClaimRule.All(Verdict.Shown, Verdict.Shown));
        Assert.Equal(Verdict.NotShown, ClaimRule.All(Verdict.Shown, Verdict.NotShown));
        Assert.Equal(Verdict.NotRun, ClaimRule.All(Verdict.Shown, Verdict.NotRun, Verdict.NotShown));
        Assert.Equal(Verdict.Contradicted, ClaimRule.All(Verdict.NotRun, Verdict.Contradicted));
        Assert.Equal(Verdict.NotRun, ClaimRule.All());
    }
}
