using HaloLab.Statistics;

namespace HaloLab.Tests.Architecture;

public class DependencyDirectionTests
{
    [Fact]
    public void RoomsUseOnlyThoseAboveThem() =>
        Assert.Empty(new DependencyDirection("HaloLab", DocumentedRooms()).Violations(typeof(Interval).Assembly));

    [Fact]
    public void ForbiddenUsesAreFoundWhereverTheyHide()
    {
        string[] violations = new DependencyDirection("HaloLab.Tests.Architecture.Fakes", "Upper", "Lower").Violations(typeof(Fakes.Root).Assembly);
        string[] offenders = [.. typeof(Fakes.Root).Assembly.GetTypes().Where(type => type.Name.StartsWith("Uses", StringComparison.Ordinal)).Select(type => type.Name).Order()];
        Assert.All(offenders, offender => Assert.Contains(violations, violation => violation.Contains(offender + " uses", StringComparison.Ordinal)));
        Assert.Contains(violations, violation => violation.Contains("Stranger lies in Unlisted", StringComparison.Ordinal));
        Assert.Equal(offenders.Length + 1, violations.Length);
    }

    /// <summary>The first column of the table under "Rooms" in docs/architecture.md.</summary>
    private static string[] DocumentedRooms()
    {
        string[] lines = File.ReadAllLines(Path.Combine(RepositoryRoot.Path, "docs", "architecture.md"));
        string[] rooms =
        [
            .. lines.SkipWhile(line => line != "## Rooms").SkipWhile(line => !line.StartsWith("|-", StringComparison.Ordinal)).Skip(1)
                .TakeWhile(line => line.StartsWith('|')).Select(line => line.Split('|')[1].Trim()),
        ];
        Assert.Equal(("Statistics", "ToyWorld"), (rooms[0], rooms[^1]));
        return rooms;
    }
}
