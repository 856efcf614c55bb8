using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace HaloLab.Statistics;

/// <summary>
/// Tail probabilities and quantiles. Probabilities come from MathNet's special functions, always through the tail that is asked for, so
/// that small p-values keep their digits; quantiles are inverted here to the last bit, because MathNet's stop at an absolute 1e-8 to
/// 1e-12. Undefined parameters give NaN.
/// </summary>
internal static class Distributions
{
    public static double NormalCdf(double z) => 0.5 * SpecialFunctions.Erfc(-z / Constants.Sqrt2);

    public static double NormalQuantile(double probability) => probability is >= 0.0 and <= 1.0 ? Normal.InvCDF(0.0, 1.0, probability) : double.NaN;

    /// <summary>z such that a standard normal number lies in ±z with probability <paramref name="level"/>.</summary>
    public static double NormalTwoSidedQuantile(double level) => -NormalQuantile((1.0 - level) / 2.0);

    /// <summary>P(Z ≥ z), P(Z ≤ z) or P(|Z| ≥ |z|).</summary>
    public static double NormalPValue(double z, Alternative alternative) => alternative switch
    {
        Alternative.Greater => NormalCdf(-z),
        Alternative.Less => NormalCdf(z),
        _ => SpecialFunctions.Erfc(Math.Abs(z) / Constants.Sqrt2),
    };

    /// <summary>P(T ≥ t), P(T ≤ t) or P(|T| ≥ |t|) of Student's distribution; the degrees of freedom need not be whole.</summary>
    public static double StudentPValue(double t, double degreesOfFreedom, Alternative alternative)
    {
        if (double.IsNaN(t) || !(degreesOfFreedom > 0.0))
        {
            return double.NaN;
        }

        double twoSided = double.IsInfinity(t) ? 0.0 : SpecialFunctions.BetaRegularized(degreesOfFreedom / 2.0, 0.5, degreesOfFreedom / (degreesOfFreedom + (t * t)));
        return alternative switch
        {
            Alternative.Greater => t >= 0.0 ? twoSided / 2.0 : 1.0 - (twoSided / 2.0),
            Alternative.Less => t <= 0.0 ? twoSided / 2.0 : 1.0 - (twoSided / 2.0),
            _ => twoSided,
        };
    }

    /// <summary>t such that Student's number lies in ±t with probability <paramref name="level"/>.</summary>
    public static double StudentTwoSidedQuantile(double level, double degreesOfFreedom) => degreesOfFreedom > 0.0 && level is > 0.0 and < 1.0
        ? Invert(t => -StudentPValue(t, degreesOfFreedom, Alternative.TwoSided), level - 1.0)
        : double.NaN;

    /// <summary>P(F ≥ f) of the F distribution.</summary>
    public static double FisherUpperTail(double f, double numeratorDegrees, double denominatorDegrees) =>
        !(f >= 0.0) || !(numeratorDegrees > 0.0) || !(denominatorDegrees > 0.0) ? double.NaN
        : double.IsInfinity(f) ? 0.0
        : SpecialFunctions.BetaRegularized(denominatorDegrees / 2.0, numeratorDegrees / 2.0, denominatorDegrees / (denominatorDegrees + (numeratorDegrees * f)));

    /// <summary>f that is exceeded with probability <paramref name="upperTail"/>.</summary>
    public static double FisherUpperQuantile(double upperTail, double numeratorDegrees, double denominatorDegrees) =>
        numeratorDegrees > 0.0 && denominatorDegrees > 0.0 ? Invert(f => -FisherUpperTail(f, numeratorDegrees, denominatorDegrees), -upperTail) : double.NaN;

    /// <summary>x below which a Beta(a, b) number lies with that probability.</summary>
    public static double BetaQuantile(double probability, double a, double b) =>
        Invert(x => x >= 1.0 ? 1.0 : SpecialFunctions.BetaRegularized(a, b, x), probability, upper: 1.0);

    /// <summary>P(X ≤ <paramref name="count"/>) of n fair coins.</summary>
    public static double FairCoinsAtMost(int count, int n) => count < 0 ? 0.0 : count >= n ? 1.0 : SpecialFunctions.BetaRegularized(n - count, count + 1.0, 0.5);

    /// <summary>P-value of an exact discrete test from its two tails, each including the observed value.</summary>
    public static double DiscretePValue(double atMost, double atLeast, Alternative alternative) => Math.Min(1.0, alternative switch
    {
        Alternative.Greater => atLeast,
        Alternative.Less => atMost,
        _ => 2.0 * Math.Min(atMost, atLeast),
    });

    /// <summary>Solves increasing(x) = target for x ≥ 0 by doubling and bisecting until no number lies between the bounds.</summary>
    public static double Invert(Func<double, double> increasing, double target, double upper = double.PositiveInfinity)
    {
        double low = 0.0;
        double high = Math.Min(1.0, upper);
        while (increasing(high) < target && high < upper)
        {
            low = high;
            high *= 2.0;
        }

        if (double.IsInfinity(high))
        {
            return high;
        }

        while (true)
        {
            double middle = low + ((high - low) / 2.0);
            if (middle <= low || middle >= high)
            {
                return middle;
            }

            if (increasing(middle) < target)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }
    }
}
