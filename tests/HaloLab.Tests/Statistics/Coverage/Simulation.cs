using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics.Coverage;

/// <summary>Many samples, each from a stream of its own, on all cores: what comes out does not depend on their number or order.</summary>
internal static class Simulation
{
    /// <summary>A tail that a count beyond it has when the rate is what is asked for.</summary>
    private const double StandardErrorsOfOneInTenThousand = 3.72;

    /// <summary>How many intervals hold the truth, lie below it, lie above it, or are undefined.</summary>
    public static (int Held, int Below, int Above, int Undefined) Run(IntervalCase @case, int samples)
    {
        (int held, int below, int above, int undefined) = (0, 0, 0, 0);
        Parallel.For(0, samples, sample =>
        {
            Interval interval = @case.Draw(new RandomStream(1, "coverage of " + @case.Name, sample));

            // Exactly at an end, but for rounding, counts as held.
            double slack = 1e-12;
            _ = !interval.IsDefined ? Interlocked.Increment(ref undefined)
                : interval.High < @case.Truth - slack ? Interlocked.Increment(ref below)
                : interval.Low > @case.Truth + slack ? Interlocked.Increment(ref above)
                : Interlocked.Increment(ref held);
        });
        return (held, below, above, undefined);
    }

    /// <summary>How many samples the test rejects.</summary>
    public static int Run(NullCase @case, int samples)
    {
        int rejected = 0;
        Parallel.For(0, samples, sample =>
        {
            if (@case.Rejects(new RandomStream(1, "null of " + @case.Name, sample)))
            {
                Interlocked.Increment(ref rejected);
            }
        });
        return rejected;
    }

    /// <summary>A count that fewer than one in ten thousand runs would fall below, if the rate were <paramref name="rate"/>.</summary>
    public static double Least(double rate, int samples) => (rate * samples) - Margin(rate, samples);

    /// <summary>A count that fewer than one in ten thousand runs would exceed, if the rate were <paramref name="rate"/>.</summary>
    public static double Most(double rate, int samples) => (rate * samples) + Margin(rate, samples);

    private static double Margin(double rate, int samples) => StandardErrorsOfOneInTenThousand * Math.Sqrt(samples * rate * (1 - rate));
}
