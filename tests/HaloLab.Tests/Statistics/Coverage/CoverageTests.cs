using System.Globalization;
using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics.Coverage;

/// <summary>Whether intervals hold the truth as often as they say, and tests find nothing where there is nothing (docs/statistics.md).</summary>
public sealed class CoverageTests(ITestOutputHelper output)
{
    private const int Samples = 10_000;
    private const int FewSamples = 200;
    private const double Level = 0.95;

    /// <summary>How far the coverage of a well-behaved statistic may lie from its level.</summary>
    private const double Tolerance = 0.02;

    /// <summary>By how much a test may exceed its level.</summary>
    private const double Excess = 0.01;

    public static TheoryData<int> FewWellBehaved => [.. Enumerable.Range(0, IntervalCases.WellBehaved.Count)];

    public static TheoryData<int> FewNull => [.. Enumerable.Range(0, NullCases.All.Count)];

    [Theory]
    [MemberData(nameof(FewWellBehaved))]
    public void WellBehavedIntervalsHoldTheTruthAsFarAsFewSamplesTell(int number)
    {
        IntervalCase @case = IntervalCases.WellBehaved[number];
        int held = Simulation.Run(@case, FewSamples).Held;
        Assert.True(held >= Simulation.Least(Level - Tolerance, FewSamples), $"{@case}: {held} of {FewSamples}");
        Assert.True(held <= Simulation.Most(Level + Tolerance, FewSamples), $"{@case}: {held} of {FewSamples}");
    }

    [Theory]
    [MemberData(nameof(FewNull))]
    public void TestsHoldTheirLevelAsFarAsFewSamplesTell(int number)
    {
        NullCase @case = NullCases.All[number];
        int rejected = Simulation.Run(@case, FewSamples);
        Assert.True(rejected <= Simulation.Most(@case.Nominal + Excess, FewSamples), $"{@case}: {rejected} of {FewSamples}");
    }

    [Fact]
    public void FewSamplesFindOutAnIntervalThatIsTooNarrowAndATestThatIsTooEager()
    {
        IntervalCase narrow = new("mean, 80 %", "", 2, stream => Interval.OfMean(IntervalCases.Normal(stream, IntervalCases.Prompts, 2), 0.8));
        Assert.True(Simulation.Run(narrow, FewSamples).Held < Simulation.Least(Level - Tolerance, FewSamples));
        NullCase eager = new("t, 20 %", "", 0.05, stream => TTest.OneSample(IntervalCases.Normal(stream, IntervalCases.Prompts, 0)).PValue <= 0.2);
        Assert.True(Simulation.Run(eager, FewSamples) > Simulation.Most(0.05 + Excess, FewSamples));
    }

    [Fact]
    public void ACaseGivesTheSameCountsEveryTime()
    {
        IntervalCase @case = IntervalCases.WellBehaved[4];
        Assert.Equal(Simulation.Run(@case, 50), Simulation.Run(@case, 50));
    }

    /// <summary>Prints the table of docs/statistics.md.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void IntervalsHoldTheTruthAsOftenAsTheySay()
    {
        List<string> missed = [];
        output.WriteLine("| interval at 95 % | sample | holds the truth | lies below it | lies above it | undefined |");
        output.WriteLine("|-|-|-|-|-|-|");
        foreach (IntervalCase @case in IntervalCases.WellBehaved.Concat(IntervalCases.Others))
        {
            (int held, int below, int above, int undefined) = Simulation.Run(@case, Samples);
            bool isPromised = IntervalCases.WellBehaved.Contains(@case);
            output.WriteLine($"| {(isPromised ? $"**{@case.Name}**" : @case.Name)} | {@case.Sample} | {Percent(held)} | {Percent(below)} | {Percent(above)} | {Percent(undefined)} |");
            if (isPromised && Math.Abs(((double)held / Samples) - Level) > Tolerance)
            {
                missed.Add($"{@case}: {Percent(held)}");
            }
        }

        Assert.Empty(missed);
    }

    /// <summary>Prints the other table of docs/statistics.md.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void TestsFindNothingWhereThereIsNothing()
    {
        List<string> exceeded = [];
        output.WriteLine("| test | sample | level | rejects |");
        output.WriteLine("|-|-|-|-|");
        foreach (NullCase @case in NullCases.All)
        {
            double share = (double)Simulation.Run(@case, Samples) / Samples;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {@case.Name} | {@case.Sample} | {100 * @case.Nominal:0.0} % | {100 * share:0.0} % |"));
            if (share > @case.Nominal + Excess)
            {
                exceeded.Add($"{@case.Name}, {@case.Sample}: {share}");
            }
        }

        Assert.Empty(exceeded);
    }

    private static string Percent(int count) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * count / Samples:0.0} %");
}
