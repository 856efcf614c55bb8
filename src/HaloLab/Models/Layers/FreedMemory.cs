using System.Runtime.InteropServices;

namespace HaloLab.Models.Layers;

/// <summary>
/// What tensors have left of the C library's memory. It keeps what is below 32 MiB and fills it only partly again: torch asks for aligned memory, for which the library looks for a gap larger than the one that a
/// tensor of the same size has left, and the numbers that TorchSharp hands to torch (<c>tensor * 2</c>) lie between tensors until the garbage collector finds them. Work piece by piece would need more and more.
/// </summary>
internal static class FreedMemory
{
    // What less than this would free is not worth looking at every gap: after small pieces of work in a large process that would be most of the time.
    private const long WorthIt = 16L << 20;

    private static long s_least;

    /// <summary>Frees the numbers between tensors, so that the gaps around them become one that the next tensors fit into; less than a millisecond.</summary>
    public static void CloseGaps()
    {
        GC.Collect(0);
        GC.WaitForPendingFinalizers();
    }

    /// <summary>Gives back every page that nothing lies on; milliseconds.</summary>
    public static void GiveBack()
    {
        CloseGaps();
        if (OperatingSystem.IsLinux())
        {
            _ = Trim(0);
        }
    }

    /// <summary>Gives it back where there is 16 MiB more than the least since the last time.</summary>
    public static void GiveBackGrowth()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        long resident = ProcessMemory.Resident;
        if (resident - s_least <= WorthIt)
        {
            s_least = Math.Min(s_least, resident);
            return;
        }

        GiveBack();
        s_least = ProcessMemory.Resident;
    }

    // malloc_trim(3) of glibc.
    [DllImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Trim(nuint kept);
}
