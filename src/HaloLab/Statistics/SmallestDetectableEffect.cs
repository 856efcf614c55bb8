using MathNet.Numerics;
using MathNet.Numerics.Integration;

namespace HaloLab.Statistics;

/// <summary>The smallest true effect that a two-sided test would have shown with the given power (DESIGN D7).</summary>
public static class SmallestDetectableEffect
{
    /// <summary>More differences than this are not asked for.</summary>
    public const int MostDifferences = 10_000_000;

    /// <summary>For an estimate that is normal around the effect: (z of the level + z of the power) standard errors.</summary>
    /// <param name="standardError">Standard error of the estimate, in its own unit.</param>
    /// <param name="level">Confidence level of the interval that decides, in (0, 1).</param>
    /// <param name="power">Probability of showing it, in (1 − level, 1).</param>
    public static double Normal(double standardError, double level = 0.95, double power = 0.8)
    {
        double critical = Distributions.NormalTwoSidedQuantile(level);
        return standardError * Solve(shift => Distributions.NormalCdf(shift - critical) + Distributions.NormalCdf(-shift - critical), level, power);
    }

    /// <summary>For a t test, as of the mean of per-seed differences: from the noncentral t distribution.</summary>
    /// <param name="standardError">Standard error of the mean difference, estimated from the same differences.</param>
    /// <param name="degreesOfFreedom">Number of differences − 1; NaN results where it is not positive.</param>
    /// <param name="level">Confidence level of the interval that decides, in (0, 1).</param>
    /// <param name="power">Probability of showing it, in (1 − level, 1).</param>
    public static double StudentT(double standardError, double degreesOfFreedom, double level = 0.95, double power = 0.8)
    {
        double critical = Distributions.StudentTwoSidedQuantile(level, degreesOfFreedom);
        return double.IsNaN(critical) ? double.NaN : standardError * Solve(shift => StudentPower(shift, critical, degreesOfFreedom), level, power);
    }

    /// <summary>How many differences a two-sided t test of their mean needs to show an effect: the fewest whose smallest detectable effect is not greater.</summary>
    /// <param name="effect">The true mean difference; its sign does not count.</param>
    /// <param name="deviation">Standard deviation of the differences, in the same unit.</param>
    /// <param name="level">Confidence level of the interval that decides, in (0, 1).</param>
    /// <param name="power">Probability of showing it, in (1 − level, 1).</param>
    /// <returns>At least 2; null where no number is enough (no effect), where it is beyond <see cref="MostDifferences"/>, or where something is undefined.</returns>
    public static int? DifferencesFor(double effect, double deviation, double level = 0.95, double power = 0.8)
    {
        // The normal test needs fewer than the t test, and not many fewer.
        double fewest = Math.Ceiling(Math.Pow(Normal(deviation, level, power) / effect, 2));
        if (!(fewest <= MostDifferences))
        {
            return null;
        }

        int count = Math.Max(2, (int)fewest);
        while (StudentT(deviation / Math.Sqrt(count), count - 1, level, power) > Math.Abs(effect))
        {
            count++;
        }

        return count;
    }

    private static double Solve(Func<double, double> powerOfShift, double level, double power) =>
        level is > 0.0 and < 1.0 && power > 1.0 - level && power < 1.0 ? Distributions.Invert(powerOfShift, power) : double.NaN;

    /// <summary>
    /// P(|Z + shift| &gt; critical · S), averaged over S = √(χ²/ν), the estimated over the true standard error.
    /// </summary>
    private static double StudentPower(double shift, double critical, double degrees)
    {
        double logScale = (degrees / 2.0 * Math.Log(degrees / 2.0)) - SpecialFunctions.GammaLn(degrees / 2.0) + Math.Log(2.0);
        double Density(double s) => Math.Exp(logScale + ((degrees - 1.0) * Math.Log(s)) - (degrees * s * s / 2.0));
        double Integrand(double s) => Density(s) * (Distributions.NormalCdf(shift - (critical * s)) + Distributions.NormalCdf(-shift - (critical * s)));

        // S has mean near 1 and deviation near 1/√(2ν); the tails beyond ten deviations are below 1e-15.
        double reach = 10.0 / Math.Sqrt(2.0 * degrees);
        double low = Math.Max(0.0, 1.0 - reach);
        return GaussLegendreRule.Integrate(Integrand, low, 1.0 + reach, 256);
    }
}
