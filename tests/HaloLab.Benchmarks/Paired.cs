using System.Diagnostics;
using HaloLab.Statistics;
using TorchSharp;

namespace HaloLab.Benchmarks;

/// <summary>
/// Times two pieces of work in turn, in random order within each round, so that whatever else the machine does meets both. What is compared is
/// the median over rounds of the ratio within a round, with a bootstrap interval over rounds.
/// </summary>
internal static class Paired
{
    private const int WarmUps = 3;

    /// <summary>Runs the rounds and prints the ratio.</summary>
    /// <param name="name">What is compared.</param>
    /// <param name="limit">What the upper end of the interval should not exceed; infinity: nothing is asked.</param>
    /// <param name="rounds">Rounds that count.</param>
    /// <param name="numerator">Work over the line.</param>
    /// <param name="denominator">Work under it.</param>
    /// <returns>Whether the limit is kept.</returns>
    public static bool Compare(string name, double limit, int rounds, Action numerator, Action denominator)
    {
        for (int i = 0; i < WarmUps; i++)
        {
            Seconds(numerator);
            Seconds(denominator);
        }

        RandomStream order = new(1, "benchmark " + name);
        (double Over, double Under)[] times = new (double, double)[rounds];
        for (int round = 0; round < rounds; round++)
        {
            if (order.Next(2) == 0)
            {
                times[round].Over = Seconds(numerator);
                times[round].Under = Seconds(denominator);
            }
            else
            {
                times[round].Under = Seconds(denominator);
                times[round].Over = Seconds(numerator);
            }
        }

        Interval ratio = Bootstrap.Run(rounds, drawn => Median(drawn.Select(i => times[i].Over / times[i].Under)), new RandomStream(1, "bootstrap " + name)).Percentile;
        bool isKept = ratio.High <= limit;
        Console.WriteLine(FormattableString.Invariant(
            $"{name}: {Median(times.Select(time => time.Over)) * 1e3:f1} ms / {Median(times.Select(time => time.Under)) * 1e3:f1} ms, ratio {ratio.Estimate:f3} [{ratio.Low:f3}, {ratio.High:f3}] over {rounds} rounds{(double.IsFinite(limit) ? $"; limit {limit}: {(isKept ? "kept" : "EXCEEDED")}" : "")}"));
        return isKept;
    }

    private static double Seconds(Action work)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        Stopwatch watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalSeconds;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
