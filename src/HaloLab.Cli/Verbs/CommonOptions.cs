using System.CommandLine;

namespace HaloLab.Cli.Verbs;

/// <summary>Options that every computing verb takes.</summary>
/// <param name="hasPrecision">Whether the verb reads published models.</param>
internal sealed class CommonOptions(bool hasPrecision = false)
{
    public ComputeOptions Compute { get; } = new(hasPrecision);

    public Option<long> Seed { get; } = new("--seed") { Description = "Seed of every random number.", DefaultValueFactory = _ => 1 };

    public Option<DirectoryInfo> Out { get; } = new("--out") { Description = "Folder to write to." };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="defaultFolder">Where it writes when --out is not given.</param>
    /// <param name="isSeeded">Whether --seed is among them.</param>
    public void AddTo(Command command, string defaultFolder, bool isSeeded = true)
    {
        Out.DefaultValueFactory = _ => new DirectoryInfo(defaultFolder);
        command.Options.Add(Out);
        if (isSeeded)
        {
            command.Options.Add(Seed);
        }

        Compute.AddTo(command);
    }
}
