using System.Runtime.InteropServices;

namespace HaloLab.Notebooks;

/// <summary>Ends this process when the one that started it is gone, so that a killed front end leaves nothing behind.</summary>
internal static class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <param name="frontEnd">The process that asked for this one where it is known: it may be gone already and need not be the parent.</param>
    public static void Start(int? frontEnd = null)
    {
        int parent = ParentProcess();
        new Thread(() =>
        {
            while (ParentProcess() == parent && (frontEnd is not int known || Signal(known, 0) == 0))
            {
                Thread.Sleep(Interval);
            }

            Environment.Exit(1);
        })
        { IsBackground = true, Name = "parent watch" }.Start();
    }

    [DllImport("libc", EntryPoint = "getppid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ParentProcess();

    /// <summary>Signal 0 only asks whether there is such a process.</summary>
    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
