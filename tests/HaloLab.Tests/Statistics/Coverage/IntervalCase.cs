using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics.Coverage;

/// <summary>An interval of something whose true value is known, computed anew for every drawn sample.</summary>
/// <param name="Name">What the interval is of, and which interval it is.</param>
/// <param name="Sample">What is drawn, for the table.</param>
/// <param name="Truth">The true value.</param>
/// <param name="Draw">Draws a sample and computes its interval at 95 %.</param>
internal sealed record IntervalCase(string Name, string Sample, double Truth, Func<RandomStream, Interval> Draw)
{
    public override string ToString() => Name;
}
