using System.CommandLine;
using System.Globalization;
using HaloLab.Experiments;

namespace HaloLab.Cli.Verbs;

/// <summary>Where and with how many threads a verb computes.</summary>
/// <param name="hasPrecision">Whether <c>--precision</c> is among the options: for verbs that read published models.</param>
internal sealed class ComputeOptions(bool hasPrecision = false)
{
    private const string ThreadsVariable = "HALOLAB_THREADS";

    private const int DefaultThreads = 2;

    private readonly Option<string?> _device = new("--device") { Description = "Where to compute: cpu (default), cuda or cuda:N." };
    private readonly Option<int?> _threads = new("--threads") { Description = $"Threads of the CPU kernels, default {DefaultThreads}, or what {ThreadsVariable} says. Sums are split by it, so a run goes on with as many as it was begun with." };

    private readonly Option<string?> _precision = new("--precision") { Description = "What a published model's large weights are held and multiplied in: float32 (default) or bfloat16, half the memory. Norms, time embeddings, heads, adapters, autoencoders and losses stay float32." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_device);
        command.Options.Add(_threads);
        if (hasPrecision)
        {
            command.Options.Add(_precision);
        }
    }

    /// <summary>Sets device, threads and precision; call it before the first tensor.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="store">Folder of the run store, whose device, threads and precision are taken where none are given; null for a verb without one.</param>
    /// <param name="localRank">Number of this rank among those of its machine: with --device cuda each has an accelerator of its own.</param>
    /// <param name="isToy">Whether the toy world's models are meant, which are always float32.</param>
    /// <exception cref="InputException">An option is wrong, or a precision is given for the toy world.</exception>
    public void Use(ParseResult parsed, string? store = null, bool isToy = false, int localRank = 0)
    {
        string? precision = hasPrecision ? parsed.GetValue(_precision) : null;
        if (isToy && precision is not null)
        {
            throw new InputException("--precision is for published models; those of the toy world are float32. Leave it out.");
        }

        ComputeRecord? begun = store is null ? null : ComputeRecord.Find(store);
        string device = parsed.GetValue(_device) ?? begun?.Device ?? "cpu";
        Compute.Use(device == "cuda" && localRank > 0 ? string.Create(CultureInfo.InvariantCulture, $"cuda:{localRank}") : device, parsed.GetValue(_threads) ?? begun?.Threads ?? ThreadsOfMachine(), precision ?? begun?.Precision ?? ComputeRecord.DefaultPrecision);
    }

    /// <summary>Set once for a machine or a job, for example where several processes share its cores.</summary>
    private static int ThreadsOfMachine() => Environment.GetEnvironmentVariable(ThreadsVariable) switch
    {
        null or "" => DefaultThreads,
        string text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads >= 1 => threads,
        string text => throw new InputException($"{ThreadsVariable} is '{text}': expected a whole number of at least 1."),
    };
}
