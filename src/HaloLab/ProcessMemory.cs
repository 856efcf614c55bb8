using System.Globalization;

namespace HaloLab;

/// <summary>What Linux says of this process's memory, in bytes.</summary>
public static class ProcessMemory
{
    /// <summary>Memory that no file stands behind.</summary>
    public static long Anonymous => Field("RssAnon");

    /// <summary>All memory in use now.</summary>
    public static long Resident => Field("VmRSS");

    /// <summary>The most that was in use at once since the start or the last <see cref="ForgetPeak"/>.</summary>
    public static long Peak => Field("VmHWM");

    /// <summary>Lets the peak begin again at what is in use now (proc_pid_clear_refs(5)).</summary>
    public static void ForgetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    /// <summary>By how many bytes memory rose at the peak of a piece of work.</summary>
    public static long RiseOf(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        long before = Resident;
        ForgetPeak();
        work();
        return Peak - before;
    }

    private static long Field(string name)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(':')[1].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }
}
