using HaloLab.Rewards;
using HaloLab.Statistics;

namespace HaloLab.ToyWorld;

/// <summary>The scales of simulated raters, and the ways in which they miss them.</summary>
internal static class GradeScale
{
    public static GradeRange OneToFive { get; } = new(1, 5);

    public static GradeRange OneToFour { get; } = new(1, 4);

    /// <summary>The nearest grade to an impression; now and then any grade (a slip) or none (a gap).</summary>
    public static int? Draw(this GradeRange grades, double impression, double slips, double gaps, RandomStream stream)
    {
        double chance = stream.NextDouble();
        int slip = grades.Worst + stream.Next(grades.Best - grades.Worst + 1);
        if (chance < gaps)
        {
            return null;
        }

        return chance < gaps + slips ? slip : Math.Clamp((int)Math.Round(impression, MidpointRounding.AwayFromZero), grades.Worst, grades.Best);
    }
}
