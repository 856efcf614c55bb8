using System.Reflection;
using System.Runtime.InteropServices;
using HaloLab.GranDpo;

namespace HaloLab.Experiments;

/// <summary><c>manifest.json</c> of a run: what made it, on what, how long it took.</summary>
/// <param name="Command">What was asked for, without folders.</param>
/// <param name="HaloLab">Version of HaloLab.</param>
/// <param name="Versions">Versions of what the numbers depend on.</param>
/// <param name="Machine">Processor, cores, memory, system.</param>
/// <param name="Threads">Threads of torch's kernels.</param>
/// <param name="Device">Where tensors were computed.</param>
/// <param name="Precision">What the large weights of published models were held in.</param>
/// <param name="Settings">Settings of the recipe.</param>
/// <param name="Seeds">Seeds of the run.</param>
/// <param name="BetaConvention">What β multiplies, which papers do not agree on.</param>
/// <param name="Inputs">SHA-256 of every file that was given, by name.</param>
/// <param name="Stages">Every stage with its hash and time.</param>
public sealed record RunManifest(
    string Command,
    string HaloLab,
    IReadOnlyDictionary<string, string> Versions,
    IReadOnlyDictionary<string, string> Machine,
    int Threads,
    string Device,
    string Precision,
    object Settings,
    IReadOnlyList<long> Seeds,
    string BetaConvention,
    IReadOnlyDictionary<string, string> Inputs,
    IReadOnlyList<RunManifest.StageLine> Stages)
{
    /// <summary>One finished stage.</summary>
    /// <param name="Name">The stage.</param>
    /// <param name="Folder">Its folder below the run's.</param>
    /// <param name="OutputHash">Hash of its files.</param>
    /// <param name="Seconds">Wall time of the call that finished it.</param>
    public sealed record StageLine(string Name, string Folder, string OutputHash, double Seconds);

    /// <summary>Version of HaloLab with its commit.</summary>
    public static string ProgramVersion { get; } = VersionOf(typeof(RunManifest).Assembly);

    /// <summary>The manifest of a run on this machine.</summary>
    /// <param name="command">What was asked for.</param>
    /// <param name="settings">Settings of the recipe.</param>
    /// <param name="seeds">Seeds of the run.</param>
    /// <param name="inputs">SHA-256 of every file that was given, by name.</param>
    /// <param name="folder">Folder of the run.</param>
    /// <param name="results">Its finished stages.</param>
    public static RunManifest Of(string command, object settings, IReadOnlyList<long> seeds, IReadOnlyDictionary<string, string> inputs, string folder, IReadOnlyList<StageResult> results) => new(
        command,
        ProgramVersion,
        new SortedDictionary<string, string>
        {
            ["dotnet"] = RuntimeInformation.FrameworkDescription,
            ["TorchSharp"] = VersionOf(typeof(TorchSharp.torch).Assembly),
            ["libtorch"] = TorchSharp.torch.__version__,
        },
        new SortedDictionary<string, string>
        {
            ["system"] = RuntimeInformation.OSDescription,
            ["cores"] = Environment.ProcessorCount.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["memoryGiB"] = (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30)).ToString("f1", System.Globalization.CultureInfo.InvariantCulture),
            ["processor"] = Processor(),
        },
        Compute.Threads,
        Compute.Device.ToString(),
        Compute.PrecisionName,
        settings,
        seeds,
        GranDpoOptions.BetaConvention,
        inputs,
        [.. results.Select(result => new StageLine(result.Name, Path.GetRelativePath(folder, result.Folder), result.OutputHash, Math.Round(result.Seconds, 1)))]);

    private static string VersionOf(Assembly assembly) => assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static string Processor()
    {
        const string CpuInformation = "/proc/cpuinfo";
        string? line = File.Exists(CpuInformation) ? File.ReadLines(CpuInformation).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
