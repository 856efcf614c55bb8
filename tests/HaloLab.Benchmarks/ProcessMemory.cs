using System.Diagnostics;
using System.Globalization;

namespace HaloLab.Benchmarks;

/// <summary>What Linux says of this process's memory, in bytes.</summary>
internal static class ProcessMemory
{
    /// <summary>Memory that no file stands behind.</summary>
    public static long Anonymous => Field("RssAnon");

    /// <summary>All memory in use now.</summary>
    public static long Resident => Field("VmRSS");

    /// <summary>The most that was in use at once since the start or the last <see cref="ForgetPeak"/>.</summary>
    public static long Peak => Field("VmHWM");

    /// <summary>Lets the peak begin again at what is in use now (proc_pid_clear_refs(5)).</summary>
    public static void ForgetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    /// <summary>Writes by how many bytes memory rose at the peak of a piece of work.</summary>
    public static void WriteRise(Action work)
    {
        long before = Resident;
        ForgetPeak();
        work();
        Console.WriteLine((Peak - before).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>What a command of this program, in a process of its own, wrote by <see cref="WriteRise"/>.</summary>
    public static double RiseOf(params string[] command)
    {
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, command) { RedirectStandardOutput = true })!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? double.Parse(said, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}.");
    }

    private static long Field(string name)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(':')[1].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }
}
