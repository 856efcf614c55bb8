using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HaloLab.Checkpoints;

/// <summary>
/// Asks Linux for pages of 2 MiB (transparent huge pages) under memory that is about to be filled for the first time. With pages of 4 KiB it takes longer to
/// make them than to copy a file into them.
/// </summary>
internal static class LargePages
{
    private const int Page = 4096;
    private const int UseLargePages = 14;

    /// <summary>Asks; where the system has none, nothing changes.</summary>
    /// <param name="memory">Memory of torch's, which stays where it is.</param>
    public static void Ask(Span<byte> memory)
    {
        if (!OperatingSystem.IsLinux() || memory.IsEmpty)
        {
            return;
        }

        ref byte first = ref MemoryMarshal.GetReference(memory);
        nint before = Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref first) % Page;

        // The answer is of no use: the memory is there either way.
        _ = Advise(ref Unsafe.Subtract(ref first, (int)before), memory.Length + before, UseLargePages);
    }

    // madvise(2), MADV_HUGEPAGE.
    [DllImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Advise(ref byte start, nint length, int advice);
}
