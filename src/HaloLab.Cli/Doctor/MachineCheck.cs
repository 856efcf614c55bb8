using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using CliWrap;
using CliWrap.Buffered;

namespace HaloLab.Cli.Doctor;

/// <summary>Looks at the machine without touching torch: a torch that cannot be loaded fails with a message that misleads.</summary>
internal static class MachineCheck
{
    private const double GiB = 1L << 30;

    /// <summary>Everything that HaloLab needs or can use, needed things first.</summary>
    public static async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation) =>
    [
        await SdkAsync(cancellation),
        NativeTorch(),
        CppRuntime(),
        Cores(),
        Memory(),
        Disk(),
        await ProgramAsync("ffmpeg", ["-version"], "reading and writing mp4, gif and webm", "apt-get install -y ffmpeg", cancellation),
        await ProgramAsync("jupyter", ["--version"], "notebooks in Jupyter", "apt-get install -y jupyter-notebook", cancellation),
        await ProgramAsync("mpirun", ["--version"], "training on several processes", "apt-get install -y openmpi-bin libopenmpi-dev", cancellation),
        await ProgramAsync("nvidia-smi", ["--query-gpu=name,memory.total", "--format=csv,noheader"], "--device cuda (a build with -p:HaloLabDevice=cuda)", "install the NVIDIA driver of your distribution", cancellation),
    ];

    private static async Task<Finding> SdkAsync(CancellationToken cancellation)
    {
        string? version = await FirstLineAsync("dotnet", ["--version"], cancellation);
        bool isEnough = version is not null && int.TryParse(version.Split('.')[0], CultureInfo.InvariantCulture, out int major) && major >= 10;
        return isEnough
            ? new Finding(".NET SDK", FindingState.Fine, version!)
            : new Finding(".NET SDK", FindingState.Needed, version is null ? "not on the PATH" : $"{version}, expected 10 or later", "install the .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0");
    }

    private static Finding NativeTorch()
    {
        const string Thing = "native torch";
        const string Restore = "dotnet build src/HaloLab.Cli -c Release";
        foreach (string name in new[] { "libLibTorchSharp.so", "libtorch_cpu.so", "libc10.so" })
        {
            if (FindBeside(name) is null)
            {
                return new Finding(Thing, FindingState.Needed, $"{name} is not beside the program", Restore);
            }
        }

        return RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? new Finding(Thing, FindingState.Fine, FindBeside("libLibTorchSharp.so")!)
            : new Finding(Thing, FindingState.Needed, $"the libraries are for x64, this machine is {RuntimeInformation.ProcessArchitecture}", "use a linux-x64 machine");
    }

    private static Finding CppRuntime()
    {
        const string Thing = "C++ runtime";
        if (FindBeside("libLibTorchSharp.so") is not { } native)
        {
            return new Finding(Thing, FindingState.Needed, "cannot be checked without native torch", "dotnet build src/HaloLab.Cli -c Release");
        }

        string? runtime = new[] { "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib64/libstdc++.so.6", "/usr/lib/libstdc++.so.6", "/lib/x86_64-linux-gnu/libstdc++.so.6" }.FirstOrDefault(File.Exists);
        if (runtime is null)
        {
            return new Finding(Thing, FindingState.Needed, "libstdc++.so.6 not found", "apt-get install -y libstdc++6");
        }

        byte[] offered = File.ReadAllBytes(runtime);
        string[] missing = [.. ElfVersionNeeds.Read(native)
            .Where(version => version.StartsWith("GLIBCXX_", StringComparison.Ordinal) || version.StartsWith("CXXABI_", StringComparison.Ordinal))
            .Where(version => offered.AsSpan().IndexOf(Encoding.ASCII.GetBytes(version + "\0")) < 0)];
        return missing.Length == 0
            ? new Finding(Thing, FindingState.Fine, $"{runtime} has every version that native torch needs")
            : new Finding(Thing, FindingState.Needed, $"{runtime} lacks {string.Join(", ", missing)}", "rm -rf src/HaloLab.Cli/bin && dotnet build src/HaloLab.Cli -c Release (the build marks the unused need weak)");
    }

    private static Finding Cores()
    {
        int cores = Environment.ProcessorCount;
        string what = string.Create(CultureInfo.InvariantCulture, $"{cores}");
        return cores >= 2 ? new Finding("cores", FindingState.Fine, what) : new Finding("cores", FindingState.Optional, what + "; the stated times are for 2", "expect about twice the stated times");
    }

    private static Finding Memory()
    {
        double total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / GiB;
        string what = string.Create(CultureInfo.InvariantCulture, $"{total:f1} GiB");
        return total >= 5.5 ? new Finding("memory", FindingState.Fine, what) : new Finding("memory", FindingState.Needed, what + ", reproduce needs up to 4 GiB beside the system", "use a machine with at least 6 GiB");
    }

    private static Finding Disk()
    {
        DriveInfo drive = new(Directory.GetCurrentDirectory());
        double free = drive.AvailableFreeSpace / GiB;
        string what = string.Create(CultureInfo.InvariantCulture, $"{free:f1} GiB free in {Directory.GetCurrentDirectory()}");
        return free >= 5 ? new Finding("disk", FindingState.Fine, what) : new Finding("disk", FindingState.Needed, what + ", a build and a run need 5 GiB", "free some space or give --out another disk");
    }

    private static async Task<Finding> ProgramAsync(string program, string[] arguments, string neededFor, string fix, CancellationToken cancellation)
    {
        string? line = await FirstLineAsync(program, arguments, cancellation);
        return line is null
            ? new Finding(program, FindingState.Optional, $"not found; needed for {neededFor}", fix)
            : new Finding(program, FindingState.Fine, line);
    }

    private static async Task<string?> FirstLineAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        try
        {
            BufferedCommandResult result = await CliWrap.Cli.Wrap(program).WithArguments(arguments).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellation);
            string line = (result.StandardOutput + "\n" + result.StandardError).Split('\n').FirstOrDefault(text => text.Trim().Length > 0, "").Trim();
            return result.IsSuccess ? line : null;
        }
        catch (Win32Exception)
        {
            // Not on the PATH: that is the answer.
            return null;
        }
    }

    private static string? FindBeside(string name)
    {
        string[] places = [Path.Combine(AppContext.BaseDirectory, name), Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", name)];
        return places.FirstOrDefault(File.Exists);
    }
}
