using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace HaloLab.Notebooks.Scripting;

/// <summary>Native libraries of packages that cells name: they lie in folders of their own, not beside the assembly that asks for them.</summary>
internal static class NativeLibraries
{
    private static readonly ConcurrentDictionary<string, byte> Folders = new();
    private static readonly ConcurrentDictionary<AssemblyLoadContext, byte> Watched = new();
    private static int _isWatching;

    /// <summary>Lets assemblies that are loaded from now on find libraries there.</summary>
    public static void Add(IEnumerable<string> folders)
    {
        foreach (string folder in folders)
        {
            Folders.TryAdd(folder, 0);
        }

        if (!Folders.IsEmpty && Interlocked.Exchange(ref _isWatching, 1) == 0)
        {
            AppDomain.CurrentDomain.AssemblyLoad += (_, loaded) =>
            {
                if (AssemblyLoadContext.GetLoadContext(loaded.LoadedAssembly) is { } context && Watched.TryAdd(context, 0))
                {
                    context.ResolvingUnmanagedDll += (_, name) => Find(name);
                }
            };
        }
    }

    private static nint Find(string name)
    {
        foreach (string folder in Folders.Keys)
        {
            foreach (string file in new[] { name, $"lib{name}.so", $"{name}.so", $"lib{name}" })
            {
                string path = Path.Combine(folder, file);
                if (File.Exists(path) && NativeLibrary.TryLoad(path, out nint library))
                {
                    return library;
                }
            }
        }

        return 0;
    }
}
