using System.Diagnostics;
using System.Runtime.InteropServices;

namespace HaloLab.Models.Layers;

/// <summary>
/// Gives memory that tensors have left back to the system. The C library keeps what is below 32 MiB and fills it only partly again when sizes change, so
/// that work piece by piece would need more and more. torch asks for aligned memory, for which the library looks for a gap larger than the one that a tensor of the same size has left.
/// </summary>
internal static class FreedMemory
{
    private const int PiecesPerReturn = 8;

    // At most one part in so many of the time goes into it: it looks at every gap, and beside small pieces of work in a large process that is most of the time.
    private const int WorkPerReturn = 20;

    private static int s_pieces;
    private static long s_next;

    /// <summary>Gives back every page that nothing lies on; milliseconds. Does nothing where the last time was just now, measured by how long it took.</summary>
    public static void GiveBack()
    {
        long begun = Stopwatch.GetTimestamp();
        if (OperatingSystem.IsLinux() && begun >= Volatile.Read(ref s_next))
        {
            _ = Trim(0);
            long ended = Stopwatch.GetTimestamp();
            Volatile.Write(ref s_next, ended + (WorkPerReturn * (ended - begun)));
        }
    }

    /// <summary>
    /// Gives it back at every eighth call, for work in many small pieces: pages that are wanted again have to be made again, and what a few pieces leave is little.
    /// </summary>
    public static void GiveBackNowAndThen()
    {
        if (Interlocked.Increment(ref s_pieces) % PiecesPerReturn == 0)
        {
            GiveBack();
        }
    }

    // malloc_trim(3) of glibc.
    [DllImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Trim(nuint kept);
}
