using System.Runtime.InteropServices;

namespace HaloLab.Models.Layers;

/// <summary>
/// Gives memory that tensors have left back to the system. The C library keeps what is below 32 MiB and fills it only partly again when sizes change, so
/// that work piece by piece would need more and more. torch asks for aligned memory, for which the library looks for a gap larger than the one that a tensor of the same size has left.
/// </summary>
internal static class FreedMemory
{
    private const int PiecesPerReturn = 8;

    private static int s_pieces;

    /// <summary>Gives back every page that nothing lies on; milliseconds.</summary>
    public static void GiveBack()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Trim(0);
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
