using System.CommandLine;
using HaloLab.Experiments;

namespace HaloLab.Cli.Verbs;

/// <summary>Where and with how many threads a verb computes.</summary>
internal sealed class ComputeOptions
{
    private const int DefaultThreads = 2;

    private readonly Option<string?> _device = new("--device") { Description = "Where to compute: cpu (default), cuda or cuda:N." };
    private readonly Option<int?> _threads = new("--threads") { Description = "Threads of the CPU kernels, default 2. Sums are split by it, so a run goes on with as many as it was begun with." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_device);
        command.Options.Add(_threads);
    }

    /// <summary>Sets device and threads; call it before the first tensor.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="store">Folder of the run store, whose device and threads are taken where none are given; null for a verb without one.</param>
    public void Use(ParseResult parsed, string? store = null)
    {
        ComputeRecord? begun = store is null ? null : ComputeRecord.Find(store);
        Compute.Use(parsed.GetValue(_device) ?? begun?.Device ?? "cpu", parsed.GetValue(_threads) ?? begun?.Threads ?? DefaultThreads);
    }
}
