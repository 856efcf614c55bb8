using HaloLab.Statistics;

namespace HaloLab.Tests.Statistics.Coverage;

/// <summary>A test of samples for which its null hypothesis is true.</summary>
/// <param name="Name">The test.</param>
/// <param name="Sample">What is drawn, for the table.</param>
/// <param name="Nominal">How often it may reject.</param>
/// <param name="Rejects">Draws a sample and says whether the null hypothesis is rejected.</param>
internal sealed record NullCase(string Name, string Sample, double Nominal, Func<RandomStream, bool> Rejects)
{
    public override string ToString() => Name;
}
