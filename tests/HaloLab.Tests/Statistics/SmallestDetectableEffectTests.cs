using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics;

public class SmallestDetectableEffectTests
{
    [Fact]
    public void NormalIsTheSumOfBothQuantiles()
    {
        // 1.959964 + 0.841621; the other tail adds less than 1e-6.
        Assert.Equal(2.801585, SmallestDetectableEffect.Normal(1.0), 1e-5);
        Assert.Equal(0.5 * SmallestDetectableEffect.Normal(1.0), SmallestDetectableEffect.Normal(0.5), 1e-12);
        // Half of the time an effect of the critical value itself; the other tail adds Φ(−3.92) = 4.4e-5 to the power.
        Assert.Equal(1.959964 - 1.1e-4, SmallestDetectableEffect.Normal(1.0, power: 0.5), 1e-5);
    }

    [Fact]
    public void StudentApproachesTheNormal() =>
        Assert.Equal(SmallestDetectableEffect.Normal(1.0), SmallestDetectableEffect.StudentT(1.0, 1e6), 1e-4);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    public void StudentHasThePowerItPromises(int degrees)
    {
        // Simulated t tests of that true effect, in units of the true standard error, reject in about 80 % of samples.
        double effect = SmallestDetectableEffect.StudentT(1.0, degrees);
        RandomStream stream = new(1, "power", degrees);
        const int Samples = 4_000;
        int shown = 0;
        for (int sample = 0; sample < Samples; sample++)
        {
            double[] values = new double[degrees + 1];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = effect + (Math.Sqrt(values.Length) * stream.NextGaussian());
            }

            Interval interval = Interval.OfMean(values);
            shown += interval.Low > 0.0 || interval.High < 0.0 ? 1 : 0;
        }

        Assert.Equal(0.8, shown / (double)Samples, 0.02);
    }

    /// <summary>Paired t tests, two-sided at 95 % with power 0.8: the numbers of pairs in Cohen's and everybody's tables.</summary>
    [Theory]
    [InlineData(0.2, 199)]
    [InlineData(0.5, 34)]
    [InlineData(-0.5, 34)]
    [InlineData(0.8, 15)]
    public void NumbersOfPairsAreThoseOfTheTables(double effect, int expected)
    {
        Assert.Equal(expected, SmallestDetectableEffect.DifferencesFor(effect, 1.0));
        Assert.Equal(expected, SmallestDetectableEffect.DifferencesFor(3 * effect, 3.0));
        Assert.True(SmallestDetectableEffect.StudentT(1 / Math.Sqrt(expected), expected - 1) <= Math.Abs(effect));
        Assert.True(SmallestDetectableEffect.StudentT(1 / Math.Sqrt(expected - 1), expected - 2) > Math.Abs(effect));
    }

    [Fact]
    public void NoEffectNeedsNoNumberAndNoSpreadTwo()
    {
        Assert.Null(SmallestDetectableEffect.DifferencesFor(0.0, 1.0));
        Assert.Null(SmallestDetectableEffect.DifferencesFor(1e-9, 1.0));
        Assert.Null(SmallestDetectableEffect.DifferencesFor(0.5, double.NaN));
        Assert.Equal(2, SmallestDetectableEffect.DifferencesFor(0.5, 0.0));
    }

    [Fact]
    public void OneSeedDetectsNothing()
    {
        Assert.True(double.IsNaN(SmallestDetectableEffect.StudentT(1.0, 0)));
        Assert.True(double.IsNaN(SmallestDetectableEffect.Normal(double.NaN)));
        Assert.True(double.IsNaN(SmallestDetectableEffect.Normal(1.0, power: 0.01)));
    }
}
