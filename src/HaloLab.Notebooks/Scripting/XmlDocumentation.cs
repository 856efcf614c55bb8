using System.Globalization;
using System.Xml;
using Microsoft.CodeAnalysis;

namespace HaloLab.Notebooks.Scripting;

/// <summary>
/// Documentation of an assembly from XML files, looked up when somebody asks: reading a file takes a tenth of a second, holding them all would
/// take some hundred megabytes.
/// </summary>
internal sealed class XmlDocumentation : DocumentationProvider
{
    private static readonly string[] OfCoreLibrary = ["System.Runtime.xml", "System.Collections.xml", "System.Threading.xml", "System.Console.xml", "System.Memory.xml", "System.Runtime.InteropServices.xml"];
    private static readonly string? FrameworkFolder = FindFrameworkFolder();
    private readonly IReadOnlyList<string> _files;

    private XmlDocumentation(IReadOnlyList<string> files) => _files = files;

    /// <summary>The documentation beside an assembly; of the framework's assemblies that of the SDK's reference pack.</summary>
    public static DocumentationProvider For(string assembly)
    {
        string beside = Path.ChangeExtension(assembly, ".xml");
        if (File.Exists(beside))
        {
            return new XmlDocumentation([beside]);
        }

        bool isOfFramework = FrameworkFolder is not null && Path.GetDirectoryName(assembly) == Path.GetDirectoryName(typeof(object).Assembly.Location);
        string own = Path.GetFileNameWithoutExtension(assembly) + ".xml";
        string[] files = !isOfFramework ? []
            : File.Exists(Path.Combine(FrameworkFolder!, own)) ? [Path.Combine(FrameworkFolder!, own)]
            : [.. OfCoreLibrary.Prepend(own.Replace(".Private", "", StringComparison.Ordinal)).Select(file => Path.Combine(FrameworkFolder!, file)).Where(File.Exists)];
        return files.Length == 0 ? Default : new XmlDocumentation(files);
    }

    public override bool Equals(object? obj) => obj is XmlDocumentation other && other._files.SequenceEqual(_files);

    public override int GetHashCode() => _files.Count == 0 ? 0 : StringComparer.Ordinal.GetHashCode(_files[0]);

    protected override string? GetDocumentationForSymbol(string documentationMemberID, CultureInfo preferredCulture, CancellationToken cancellationToken = default)
    {
        foreach (string file in _files)
        {
            using XmlReader reader = XmlReader.Create(file, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, IgnoreComments = true });
            try
            {
                while (reader.ReadToFollowing("member"))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (reader.GetAttribute("name") == documentationMemberID)
                    {
                        return reader.ReadOuterXml();
                    }
                }
            }
            catch (XmlException)
            {
                // Somebody else's broken documentation file is no documentation.
                return null;
            }
        }

        return null;
    }

    /// <summary>For example <c>/usr/share/dotnet/packs/Microsoft.NETCore.App.Ref/10.0.0/ref/net10.0</c>; null where only the runtime is installed.</summary>
    private static string? FindFrameworkFolder()
    {
        string runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string packs = Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", "packs", "Microsoft.NETCore.App.Ref"));
        return !Directory.Exists(packs)
            ? null
            : Directory.EnumerateDirectories(packs, $"{Environment.Version.Major}.*")
                .Select(version => Path.Combine(version, "ref", $"net{Environment.Version.Major}.0"))
                .LastOrDefault(Directory.Exists);
    }
}
