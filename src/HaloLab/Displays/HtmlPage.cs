using System.Reflection;

namespace HaloLab.Displays;

/// <summary>
/// One page in one file: style, script and pictures are inside and its content policy forbids the network. It follows the reader's light
/// or dark setting and reads without JavaScript, which only makes the players play in step.
/// </summary>
public sealed class HtmlPage
{
    private static readonly string Style = Resource("halo.css");
    private static readonly string Script = Resource("halo.js");
    private readonly List<(string Id, string Heading, HtmlFragment Body)> _sections = [];

    /// <param name="title">The page's title and first heading.</param>
    /// <param name="subtitle">A line below it, or empty.</param>
    public HtmlPage(string title, string subtitle = "")
    {
        Title = title;
        Subtitle = subtitle;
    }

    public string Title { get; }

    public string Subtitle { get; }

    /// <summary>Adds a section; the headings become the list of contents.</summary>
    public HtmlPage Add(string heading, params IEnumerable<HtmlFragment> body)
    {
        _sections.Add(($"s{_sections.Count + 1}", heading, HtmlFragment.Concat(body)));
        return this;
    }

    /// <summary>A display by itself, as a notebook's output: style and script come along, whatever other outputs carry.</summary>
    public static HtmlFragment Standalone(IDisplay display)
    {
        ArgumentNullException.ThrowIfNull(display);
        return HtmlFragment.Of($"<div class=\"halo\"><style>{HtmlFragment.Trusted(Style)}</style>{display.ToHtml()}<script>{HtmlFragment.Trusted(Script)}</script></div>");
    }

    /// <summary>The whole document.</summary>
    public string ToHtml()
    {
        HtmlFragment contents = _sections.Count < 2
            ? HtmlFragment.Empty
            : HtmlFragment.Of($"<nav class=\"halo-contents\" aria-label=\"Contents\">{_sections.Select(section => HtmlFragment.Of($"<a href=\"#{section.Id}\">{section.Heading}</a>"))}</nav>\n");
        HtmlFragment subtitle = Subtitle.Length == 0 ? HtmlFragment.Empty : HtmlFragment.Of($"<p class=\"halo-subtitle\">{Subtitle}</p>\n");
        return HtmlFragment.Of($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
            <title>{Title}</title>
            <style>{HtmlFragment.Trusted(Style)}</style>
            </head>
            <body class="halo halo-page">
            <header><h1>{Title}</h1>
            {subtitle}{contents}</header>
            <main>
            {_sections.Select(section => HtmlFragment.Of($"<section id=\"{section.Id}\"><h2>{section.Heading}</h2>\n{section.Body}</section>\n"))}</main>
            <script>{HtmlFragment.Trusted(Script)}</script>
            </body>
            </html>

            """).Markup;
    }

    /// <summary>Writes the document to a file.</summary>
    /// <exception cref="InputException">The folder cannot be written.</exception>
    public void Write(string path) => AtomicFile.WriteAllText(path, ToHtml());

    private static string Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"HaloLab.Displays.{name}")
            ?? throw new InvalidOperationException($"The resource {name} is not in the assembly.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
