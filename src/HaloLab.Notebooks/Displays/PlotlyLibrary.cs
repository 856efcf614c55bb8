using System.IO.Compression;
using System.Reflection;

namespace HaloLab.Notebooks.Displays;

/// <summary>
/// plotly.js, from the package Plotly.NET that embeds it: an output of its own that a notebook has once, before its first chart. It draws every chart of the page, whenever
/// they come. Packed it is 1.5 MB; unpacked, the classic notebook would refuse two of them within its limit on data.
/// </summary>
internal static class PlotlyLibrary
{
    private static readonly Lazy<string> Script = new(Read);

    /// <summary>Invisible; where scripts do not run it does nothing.</summary>
    public static MimeBundle Output => new(new Dictionary<string, string>
    {
        [MimeBundle.Html] = Html,
        [MimeBundle.PlainText] = "(plotly.js, for the charts of this notebook)",
    });

    /// <summary>The same as markup.</summary>
    public static string Html => $"<script>{Script.Value}</script>";

    private static string Read()
    {
        Assembly package = typeof(Plotly.NET.GenericChart).Assembly;
        string name = package.GetManifestResourceNames().SingleOrDefault(name => name.Contains(".plotly-", StringComparison.Ordinal) && name.EndsWith(".js", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"{package.GetName().Name} {package.GetName().Version} does not embed plotly.js as HaloLab expects it.");
        using MemoryStream packed = new();
        using (Stream library = package.GetManifestResourceStream(name)!)
        using (GZipStream gzip = new(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            library.CopyTo(gzip);
        }

        using StreamReader reader = new(Assembly.GetExecutingAssembly().GetManifestResourceStream("HaloLab.Notebooks.Displays.plotly.js")!);
        return reader.ReadToEnd().Replace("__LIBRARY__", Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length), StringComparison.Ordinal);
    }
}
