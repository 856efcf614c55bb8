using HaloLab.Statistics;

namespace HaloLab.ToyWorld;

/// <summary>A scale of whole grades from 1 up, and the ways in which raters miss it.</summary>
internal sealed record GradeScale(int Best)
{
    public static GradeScale OneToFive { get; } = new(5);

    public static GradeScale OneToFour { get; } = new(4);

    /// <summary>The nearest grade to an impression; now and then any grade (a slip) or none (a gap).</summary>
    public int? Draw(double impression, double slips, double gaps, RandomStream stream)
    {
        double chance = stream.NextDouble();
        int slip = 1 + stream.Next(Best);
        if (chance < gaps)
        {
            return null;
        }

        return chance < gaps + slips ? slip : Math.Clamp((int)Math.Round(impression, MidpointRounding.AwayFromZero), 1, Best);
    }
}
