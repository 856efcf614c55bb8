namespace HaloLab.Cli.Doctor;

/// <summary>What the doctor found out about one thing.</summary>
/// <param name="Thing">What was looked at.</param>
/// <param name="State">Whether it is as it should be.</param>
/// <param name="What">What was found.</param>
/// <param name="Fix">The command that mends it; empty when nothing is to be done.</param>
internal sealed record Finding(string Thing, FindingState State, string What, string Fix = "");
