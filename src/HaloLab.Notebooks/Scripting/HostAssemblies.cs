using System.Collections.Concurrent;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.CodeAnalysis;

namespace HaloLab.Notebooks.Scripting;

/// <summary>
/// The assemblies that this process runs with. A script's <c>#r</c> of one of them means the one that is loaded here, so that types are the same
/// on both sides and native torch is loaded once, whatever build lies at the path.
/// </summary>
internal static class HostAssemblies
{
    /// <summary>
    /// What a notebook is likely to use of the framework. Every cell's compilation keeps a table of all its references, so a short list keeps cells quick
    /// and memory flat; the rest of the framework is found when an assembly needs it, or by <c>#r "System.Data.Common"</c>.
    /// </summary>
    private static readonly string[] Framework =
    [
        "Microsoft.CSharp", "System.Collections", "System.Collections.Concurrent", "System.Collections.Immutable", "System.ComponentModel.Primitives", "System.Console",
        "System.Diagnostics.Process", "System.IO.Compression", "System.Linq", "System.Linq.Expressions", "System.Memory", "System.Net.Http", "System.Net.Primitives",
        "System.Private.CoreLib", "System.Private.Uri", "System.Private.Xml", "System.Private.Xml.Linq", "System.Runtime", "System.Runtime.InteropServices", "System.Runtime.Loader",
        "System.Runtime.Numerics", "System.Security.Cryptography", "System.Text.Json", "System.Text.RegularExpressions", "System.Threading",
    ];

    private static readonly Dictionary<string, string> Paths = Read();
    private static readonly ConcurrentDictionary<string, PortableExecutableReference> References = new();

    /// <summary>What every cell may use without <c>#r</c>: the framework, and what shows values.</summary>
    public static IReadOnlyList<MetadataReference> Default { get; } = MakeDefault();

    /// <summary>The path by an assembly's simple name, or null.</summary>
    public static string? Find(string name) => Paths.GetValueOrDefault(name);

    /// <summary>A reference to an assembly of this process, made once.</summary>
    public static PortableExecutableReference Reference(string path) =>
        References.GetOrAdd(path, file => AssemblyMetadata.CreateFromFile(file).GetReference(XmlDocumentation.For(file), filePath: file, display: file));

    /// <summary>Whether two assembly files come from one compilation.</summary>
    public static bool IsSameBuild(string path, string other) => ModuleVersion(path) == ModuleVersion(other);

    private static Guid ModuleVersion(string path)
    {
        using PEReader reader = new(File.OpenRead(path));
        MetadataReader metadata = reader.GetMetadataReader();
        return metadata.GetGuid(metadata.GetModuleDefinition().Mvid);
    }

    private static PortableExecutableReference[] MakeDefault() => [.. Framework.Select(name => Paths[name]).Append(typeof(HostAssemblies).Assembly.Location).Select(Reference)];

    private static Dictionary<string, string> Read()
    {
        string trusted = (string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "";
        Dictionary<string, string> paths = new(StringComparer.OrdinalIgnoreCase);
        foreach (string path in trusted.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            paths.TryAdd(Path.GetFileNameWithoutExtension(path), path);
        }

        return paths;
    }
}
