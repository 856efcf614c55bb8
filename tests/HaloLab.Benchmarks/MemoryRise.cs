using System.Diagnostics;
using System.Globalization;

namespace HaloLab.Benchmarks;

/// <summary>By how many bytes memory rises at the peak of a piece of work, in a process of its own.</summary>
internal static class MemoryRise
{
    /// <summary>Does the work and writes the number.</summary>
    public static void Write(Action work) => Console.WriteLine(ProcessMemory.RiseOf(work).ToString(CultureInfo.InvariantCulture));

    /// <summary>What a command of this program, in a process of its own, wrote by <see cref="Write"/>.</summary>
    public static double Of(params string[] command)
    {
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, command) { RedirectStandardOutput = true })!;
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? double.Parse(said, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}.");
    }
}
