using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace HaloLab.Notebooks.Scripting;

/// <summary>
/// What <c>#r</c> means: an assembly of this process by its name, else a file relative to the notebook or script that names it, else a package
/// (<c>#r "nuget: Name, Version"</c>).
/// </summary>
internal sealed class ScriptReferences : MetadataReferenceResolver
{
    private readonly string _folder;
    private readonly PackageRestore _packages;
    private readonly Action<string> _notify;
    private readonly Dictionary<string, (PortableExecutableReference Reference, DateTime Written)> _files = [];
    private readonly HashSet<string> _told = [];
    private readonly List<string> _advice = [];
    private readonly Lock _lock = new();

    /// <param name="folder">Where relative paths of cells begin.</param>
    /// <param name="packages">Restores packages.</param>
    /// <param name="notify">Is told what the reader should know.</param>
    public ScriptReferences(string folder, PackageRestore packages, Action<string> notify)
    {
        _folder = folder;
        _packages = packages;
        _notify = notify;
    }

    public override bool ResolveMissingAssemblies => true;

    /// <summary>What to do about the references that were not found since this was last asked.</summary>
    public IReadOnlyList<string> TakeAdvice()
    {
        string[] advice = [.. _advice];
        _advice.Clear();
        return advice;
    }

    /// <summary>The same for code that is still being typed: nothing is restored for it.</summary>
    public MetadataReferenceResolver WithoutRestore() => new Typed(this);

    public override ImmutableArray<PortableExecutableReference> ResolveReference(string reference, string? baseFilePath, MetadataReferenceProperties properties)
    {
        lock (_lock)
        {
            return Resolve(reference, baseFilePath);
        }
    }

    public override PortableExecutableReference? ResolveMissingAssembly(MetadataReference definition, AssemblyIdentity referenceIdentity)
    {
        lock (_lock)
        {
            return ResolveMissing(definition, referenceIdentity);
        }
    }

    public override bool Equals(object? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    private ImmutableArray<PortableExecutableReference> Resolve(string reference, string? baseFilePath)
    {
        if (PackageRequest.TryParse(reference, out PackageRequest? package))
        {
            return Package(package!);
        }

        bool isFile = reference.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
        string name = isFile ? Path.GetFileNameWithoutExtension(reference) : reference;
        string folder = baseFilePath is null ? _folder : Path.GetDirectoryName(Path.GetFullPath(baseFilePath, _folder))!;
        string path = Path.GetFullPath(reference, folder);
        if (HostAssemblies.Find(name) is { } host)
        {
            if (File.Exists(path) && !HostAssemblies.IsSameBuild(path, host))
            {
                TellOnce($"{path} is another build than the one that this kernel runs; the kernel's is used. Restart the kernel after a build, or run `halolab kernel install` from that build.");
            }

            return [HostAssemblies.Reference(host)];
        }

        if (!File.Exists(path))
        {
            _advice.Add($"{path} does not exist. If it is a project's output, build the project first (dotnet build -c Release); the path is relative to {folder}.");
            return [];
        }

        return [FromFile(path)];
    }

    private PortableExecutableReference? ResolveMissing(MetadataReference definition, AssemblyIdentity referenceIdentity)
    {
        if ((definition as PortableExecutableReference)?.FilePath == typeof(ScriptReferences).Assembly.Location)
        {
            // What cells see of this assembly needs nothing but the framework; the compiler, sockets and so on are not for them.
            return null;
        }

        if (HostAssemblies.Find(referenceIdentity.Name) is { } host)
        {
            return HostAssemblies.Reference(host);
        }

        string? folder = Path.GetDirectoryName((definition as PortableExecutableReference)?.FilePath);
        string path = Path.Combine(folder ?? _folder, referenceIdentity.Name + ".dll");
        return _packages.Find(referenceIdentity.Name) is { } restored ? FromFile(restored)
            : File.Exists(path) ? FromFile(path)
            : null;
    }

    private ImmutableArray<PortableExecutableReference> Package(PackageRequest package)
    {
        IReadOnlyList<string> assemblies;
        try
        {
            assemblies = _packages.Restore(package);
        }
        catch (InputException exception)
        {
            _advice.Add(exception.Message);
            return [];
        }

        // The compiler takes one reference for one #r: the package's own assembly. What it depends on is found when it is missed.
        List<PortableExecutableReference> references = [];
        foreach (string assembly in assemblies.OrderByDescending(assembly => string.Equals(Path.GetFileNameWithoutExtension(assembly), package.Name, StringComparison.OrdinalIgnoreCase)).Take(1))
        {
            string? host = HostAssemblies.Find(Path.GetFileNameWithoutExtension(assembly));
            if (host is not null && !HostAssemblies.IsSameBuild(assembly, host) && !assembly.Contains("/microsoft.netcore.app", StringComparison.OrdinalIgnoreCase))
            {
                TellOnce($"{Path.GetFileName(assembly)} of {package.Name} is another build than the one that this kernel runs; the kernel's is used.");
            }

            references.Add(host is null ? FromFile(assembly) : HostAssemblies.Reference(host));
        }

        return [.. references];
    }

    private PortableExecutableReference FromFile(string path)
    {
        DateTime written = File.GetLastWriteTimeUtc(path);
        if (_files.TryGetValue(path, out (PortableExecutableReference Reference, DateTime Written) known))
        {
            if (known.Written != written)
            {
                TellOnce($"{path} has been built anew since this kernel loaded it. Restart the kernel to use the new build.");
            }

            return known.Reference;
        }

        PortableExecutableReference reference = MetadataReference.CreateFromFile(path, documentation: XmlDocumentation.For(path));
        _files[path] = (reference, written);
        return reference;
    }

    private void TellOnce(string message)
    {
        if (_told.Add(message))
        {
            _notify(message);
        }
    }

    private sealed class Typed(ScriptReferences references) : MetadataReferenceResolver
    {
        public override bool ResolveMissingAssemblies => true;

        public override ImmutableArray<PortableExecutableReference> ResolveReference(string reference, string? baseFilePath, MetadataReferenceProperties properties) =>
            PackageRequest.TryParse(reference, out PackageRequest? package) && !references._packages.IsRestored(package!) ? []
                : references.ResolveReference(reference, baseFilePath, properties);

        public override PortableExecutableReference? ResolveMissingAssembly(MetadataReference definition, AssemblyIdentity referenceIdentity) =>
            references.ResolveMissingAssembly(definition, referenceIdentity);

        public override bool Equals(object? other) => ReferenceEquals(this, other);

        public override int GetHashCode() => references.GetHashCode();
    }
}
