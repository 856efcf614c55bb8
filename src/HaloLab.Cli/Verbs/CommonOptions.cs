using System.CommandLine;

namespace HaloLab.Cli.Verbs;

/// <summary>Options that every computing verb takes.</summary>
internal sealed class CommonOptions
{
    private readonly Option<string> _device = new("--device") { Description = "Where to compute: cpu, cuda or cuda:N.", DefaultValueFactory = _ => "cpu" };
    private readonly Option<int> _threads = new("--threads") { Description = "Threads of the CPU kernels; part of what a run records, since sums are split by it.", DefaultValueFactory = _ => 2 };

    public Option<long> Seed { get; } = new("--seed") { Description = "Seed of every random number.", DefaultValueFactory = _ => 1 };

    public Option<DirectoryInfo> Out { get; } = new("--out") { Description = "Folder to write to." };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="defaultFolder">Where it writes when --out is not given.</param>
    public void AddTo(Command command, string defaultFolder)
    {
        Out.DefaultValueFactory = _ => new DirectoryInfo(defaultFolder);
        command.Options.Add(Out);
        command.Options.Add(Seed);
        command.Options.Add(_device);
        command.Options.Add(_threads);
    }

    /// <summary>Sets device and threads; call it before the first tensor.</summary>
    public void UseCompute(ParseResult parsed) => Compute.Use(parsed.GetValue(_device)!, parsed.GetValue(_threads));
}
