using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace HaloLab.Notebooks;

/// <summary>
/// A kernel runs from a copy of the program: a build that writes over the files of a running process would crash it. Managed assemblies are
/// copied, the rest (native torch has hundreds of megabytes and never changes) is linked. A copy is addressed by names, sizes and times of the
/// program's files, shared by all kernels of one build, and deleted by a later build's when nobody uses it.
/// </summary>
public static class ProgramCopy
{
    private const string InUse = ".in-use";
    private const string OfProgram = ".program";
    private static readonly string[] Copied = [".dll", ".json", ".pdb"];

    private static FileStream? _held;

    /// <summary>Where HaloLab keeps what it can make anew: <c>$XDG_CACHE_HOME/halolab</c> or <c>~/.cache/halolab</c>.</summary>
    public static string CacheFolder { get; } = FindCacheFolder();

    /// <summary>The <c>dotnet</c> that runs this process.</summary>
    public static string DotnetHost { get; } = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    /// <summary>Whether this process runs from a copy.</summary>
    public static bool IsCopy => File.Exists(Path.Combine(AppContext.BaseDirectory, OfProgram));

    /// <summary>Holds the copy of this process until the process ends.</summary>
    public static void Hold() => _held = new FileStream(Path.Combine(AppContext.BaseDirectory, InUse), FileMode.Open, FileAccess.Read, FileShare.Read);

    /// <summary>The folder of a copy of this program, made if it is not there.</summary>
    public static string Make()
    {
        string program = AppContext.BaseDirectory.TrimEnd('/');
        string root = Path.Combine(CacheFolder, "programs");
        string copy = Path.Combine(root, Address(program));
        if (Directory.Exists(copy))
        {
            return copy;
        }

        Directory.CreateDirectory(root);
        DeleteUnused(root, program);
        string partial = Directory.CreateDirectory(string.Create(CultureInfo.InvariantCulture, $"{copy}.{Environment.ProcessId}.partial")).FullName;
        foreach (FileSystemInfo entry in new DirectoryInfo(program).EnumerateFileSystemInfos())
        {
            string target = Path.Combine(partial, entry.Name);
            if (entry is FileInfo file && Copied.Contains(file.Extension))
            {
                file.CopyTo(target);
            }
            else
            {
                File.CreateSymbolicLink(target, entry.FullName);
            }
        }

        File.WriteAllText(Path.Combine(partial, OfProgram), program);
        File.WriteAllText(Path.Combine(partial, InUse), "");
        try
        {
            Directory.Move(partial, copy);
        }
        catch (IOException) when (Directory.Exists(copy))
        {
            // Somebody else was faster; theirs is the same.
            Directory.Delete(partial, recursive: true);
        }

        return copy;
    }

    /// <summary>Turns this process into the copy's: the same process id, the same arguments, so signals and waits of the parent go on to work.</summary>
    /// <param name="program">File name of the program's assembly.</param>
    /// <param name="arguments">Its arguments.</param>
    public static void BecomeCopy(string program, params IEnumerable<string> arguments)
    {
        string?[] command = [DotnetHost, Path.Combine(Make(), program), .. arguments, null];
        _ = Native.Execute(DotnetHost, command);
        throw new InvalidOperationException($"{DotnetHost} cannot be started (errno {Marshal.GetLastPInvokeError()}).");
    }

    private static string Address(string program)
    {
        StringBuilder files = new(program);
        foreach (FileInfo file in new DirectoryInfo(program).EnumerateFiles().Where(file => Copied.Contains(file.Extension)).OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            files.Append(CultureInfo.InvariantCulture, $"\n{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(files.ToString())))[..16];
    }

    private static void DeleteUnused(string root, string program)
    {
        foreach (string copy in Directory.EnumerateDirectories(root))
        {
            try
            {
                if (copy.EndsWith(".partial", StringComparison.Ordinal))
                {
                    if (!Directory.Exists("/proc/" + copy.Split('.')[^2]))
                    {
                        Directory.Delete(copy, recursive: true);
                    }

                    continue;
                }

                if (File.ReadAllText(Path.Combine(copy, OfProgram)) != program)
                {
                    continue;
                }

                using (new FileStream(Path.Combine(copy, InUse), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                {
                    Directory.Delete(copy, recursive: true);
                }
            }
            catch (IOException)
            {
                // A kernel runs from it, or another process is making or deleting it.
            }
        }
    }

    private static string FindCacheFolder()
    {
        string? given = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        string home = string.IsNullOrEmpty(given) ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache") : given;
        return Path.Combine(home, "halolab");
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "execv", SetLastError = true, BestFitMapping = false, ThrowOnUnmappableChar = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Execute([MarshalAs(UnmanagedType.LPUTF8Str)] string path, [MarshalAs(UnmanagedType.LPArray, ArraySubType = UnmanagedType.LPStr)] string?[] arguments);
    }
}
