using System.Runtime.InteropServices;

namespace HaloLab.Models.Layers;

/// <summary>
/// Gives memory that tensors have left back to the system. The C library keeps what is below 32 MiB and fills it only partly again when sizes change, so
/// that work piece by piece would need more and more. torch asks for aligned memory, for which the library looks for a gap larger than the one that a tensor of the same size has left.
/// </summary>
internal static class FreedMemory
{
    private const int PiecesPerReturn = 8;

    // What less than this would free is not worth looking at every gap: after small pieces of work in a large process that would be most of the time.
    private const long WorthIt = 16L << 20;

    private static int s_pieces;
    private static long s_least;

    /// <summary>Gives back every page that nothing lies on; milliseconds.</summary>
    public static void GiveBack()
    {
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

    /// <summary>
    /// Gives it back at every eighth call, for work in many small pieces: pages that are wanted again have to be made again, and what a few pieces leave is little.
    /// </summary>
    public static void GiveBackNowAndThen()
    {
        if (Interlocked.Increment(ref s_pieces) % PiecesPerReturn == 0)
        {
            GiveBackGrowth();
        }
    }

    // malloc_trim(3) of glibc.
    [DllImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Trim(nuint kept);
}
