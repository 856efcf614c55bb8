using System.CommandLine;
using HaloLab.Experiments;

namespace HaloLab.Cli.Verbs;

/// <summary>Options that every computing verb takes.</summary>
internal sealed class CommonOptions
{
    private const int DefaultThreads = 2;

    private readonly Option<string?> _device = new("--device") { Description = "Where to compute: cpu (default), cuda or cuda:N." };
    private readonly Option<int?> _threads = new("--threads") { Description = "Threads of the CPU kernels, default 2. Sums are split by it, so a run goes on with as many as it was begun with." };

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

        command.Options.Add(_device);
        command.Options.Add(_threads);
    }

    /// <summary>Sets device and threads; call it before the first tensor.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="store">Folder of the run store, whose device and threads are taken where none are given; null for a verb without one.</param>
    public void UseCompute(ParseResult parsed, string? store = null)
    {
        ComputeRecord? begun = store is null ? null : ComputeRecord.Find(store);
        Compute.Use(parsed.GetValue(_device) ?? begun?.Device ?? "cpu", parsed.GetValue(_threads) ?? begun?.Threads ?? DefaultThreads);
    }
}
