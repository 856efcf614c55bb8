using HaloLab.Statistics;

namespace HaloLab.Tests.Architecture;

public class DependencyDirectionTests
{
    /// <summary>DESIGN §3: the folders of the library in the order the data flows.</summary>
    private static readonly string[] Rooms =
    [
        "Statistics", "Videos", "Checkpoints", "Diffusion", "Models", "Generation", "Preferences", "Distillation", "Rewards", "GranDpo",
        "Scaling", "Evaluation", "Displays", "Experiments", "ToyWorld",
    ];

    [Fact]
    public void RoomsUseOnlyThoseAboveThem() =>
        Assert.Empty(new DependencyDirection("HaloLab", Rooms) { Exempt = ["Experiments.Recipes"] }.Violations(typeof(Interval).Assembly));

    [Fact]
    public void ForbiddenUsesAreFoundWhereverTheyHide()
    {
        string[] violations = new DependencyDirection("HaloLab.Tests.Architecture.Fakes", "Upper", "Lower").Violations(typeof(Fakes.Root).Assembly);
        string[] offenders = [.. typeof(Fakes.Root).Assembly.GetTypes().Where(type => type.Name.StartsWith("Uses", StringComparison.Ordinal)).Select(type => type.Name).Order()];
        Assert.All(offenders, offender => Assert.Contains(violations, violation => violation.Contains(offender + " uses", StringComparison.Ordinal)));
        Assert.Contains(violations, violation => violation.Contains("Stranger lies in Unlisted", StringComparison.Ordinal));
        Assert.Equal(offenders.Length + 1, violations.Length);
    }
}
