using System.Runtime.InteropServices;

namespace HaloLab.Notebooks;

/// <summary>Ends this process when the one that started it is gone, so that a killed front end leaves nothing behind.</summary>
internal static class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public static void Start()
    {
        int parent = ParentProcess();
        new Thread(() =>
        {
            while (ParentProcess() == parent)
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
}
