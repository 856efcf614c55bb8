using System.Globalization;
using HaloLab.Optimisation;
using HaloLab.Scaling;

namespace HaloLab.Cli.Verbs;

/// <summary>What <c>halolab train --profile</c> says at the end.</summary>
internal static class StepProfileText
{
    /// <summary>Writes where the time of the recorded steps went.</summary>
    /// <param name="profile">Of a training that has ended.</param>
    /// <param name="ranks">The ranks that trained.</param>
    public static void Write(StepProfile profile, Communicator ranks)
    {
        if (profile.Steps.Count == 0)
        {
            Console.WriteLine($"--profile: no step was recorded. Of the steps that are left to do, the first {StepProfile.WarmUpSteps} are not: give more --steps, or another --out to begin again.");
            return;
        }

        string whose = ranks.Size > 1 ? string.Create(CultureInfo.InvariantCulture, $" of rank {ranks.Rank} of {ranks.Size}") : "";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Where the time{whose} went in {profile.Steps.Count} steps from step {profile.Steps[0]} on; the trace: {profile.FilePath}"));
        Console.WriteLine(" median ms   share");
        foreach (PhaseTime phase in profile.Phases())
        {
            string rarely = phase.Steps < profile.Steps.Count ? string.Create(CultureInfo.InvariantCulture, $" (in {phase.Steps} of {profile.Steps.Count} steps)") : "";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{phase.MedianMilliseconds,10:0.000} {100 * phase.Share,5:0.0} %  {new string(' ', 2 * phase.Depth)}{phase.Name}{rarely}"));
        }
    }
}
