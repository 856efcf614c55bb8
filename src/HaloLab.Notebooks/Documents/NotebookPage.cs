using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using HaloLab.Displays;
using HaloLab.Notebooks.Displays;
using HaloLab.Notebooks.Scripting;
using Markdig;
using Markdig.Renderers;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace HaloLab.Notebooks.Documents;

/// <summary>A notebook as one page that needs nothing from the network: markdown, code, and the richest form of each output.</summary>
public static class NotebookPage
{
    private const string Style = """
        .nb-code { background: var(--panel); border-left: 3px solid var(--line); padding: 8px 12px; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; line-height: 1.45; }
        .nb-code b { font-weight: 600; color: var(--link); } .nb-code i { font-style: normal; color: var(--soft); } .nb-code u { text-decoration: none; color: var(--good); }
        .nb-output { margin: 6px 0 16px; padding-left: 15px; overflow-x: auto; } .nb-output pre { margin: 4px 0; font-size: 13px; white-space: pre-wrap; }
        .nb-error { border-left: 3px solid var(--bad); padding-left: 12px; } .nb-output img, .nb-markdown img { max-width: 100%; }
        math { font-size: 110%; } math[display="block"] { margin: 10px 0; }
        """;

    /// <summary>How markdown is read everywhere: tables, formulas, footnotes and fenced code beside the core.</summary>
    internal static MarkdownPipeline Pipeline { get; } = new MarkdownPipelineBuilder().UsePipeTables().UseMathematics().Use<MathMarkup>().UseFootnotes().UseAutoLinks().UseTaskLists().Build();

    /// <summary>Writes the page.</summary>
    public static void Write(Notebook notebook, string path)
    {
        ArgumentNullException.ThrowIfNull(notebook);
        string title = notebook.Name;
        List<(string Heading, List<HtmlFragment> Body)> sections = [("Introduction", [HtmlFragment.Of($"<style>{HtmlFragment.Trusted(Style)}</style>")])];
        foreach (NotebookCell cell in notebook.Cells)
        {
            if (cell.IsMarkdown)
            {
                AddMarkdown(notebook, cell, sections, ref title);
            }
            else if (cell.IsCode && cell.Source.Length > 0)
            {
                sections[^1].Body.Add(Code(cell));
                sections[^1].Body.AddRange(cell.Outputs.Select(output => Output(output!.AsObject())));
            }
        }

        HtmlPage page = new(title, $"{System.IO.Path.GetFileName(notebook.Path)}, run by HaloLab");
        foreach ((string heading, List<HtmlFragment> body) in sections)
        {
            page.Add(heading, body);
        }

        page.Write(path);
    }

    /// <summary>The first heading of level 1 is the page's title, those of level 2 begin its sections.</summary>
    private static void AddMarkdown(Notebook notebook, NotebookCell cell, List<(string Heading, List<HtmlFragment> Body)> sections, ref string title)
    {
        MarkdownDocument document = Markdown.Parse(cell.Source, Pipeline);
        foreach (LinkInline picture in document.Descendants<LinkInline>().Where(link => link.IsImage))
        {
            picture.Url = Embedded(notebook, cell, picture.Url ?? "");
        }

        StringBuilder pending = new();
        foreach (Block block in document)
        {
            if (block is HeadingBlock { Level: 1 } first && title == notebook.Name)
            {
                title = PlainText(first);
                continue;
            }

            if (block is HeadingBlock { Level: 2 } heading)
            {
                Flush();
                sections.Add((PlainText(heading), []));
                continue;
            }

            pending.Append(Render(block));
        }

        Flush();

        void Flush()
        {
            if (pending.Length > 0)
            {
                sections[^1].Body.Add(HtmlFragment.Of($"<div class=\"nb-markdown\">{HtmlFragment.Trusted(pending.ToString())}</div>\n"));
                pending.Clear();
            }
        }
    }

    private static string Render(Block block)
    {
        using StringWriter writer = new(CultureInfo.InvariantCulture);
        HtmlRenderer renderer = new(writer);
        Pipeline.Setup(renderer);
        renderer.Render(block);
        writer.Flush();
        return writer.ToString();
    }

    private static string PlainText(HeadingBlock heading) =>
        string.Concat(heading.Inline?.Descendants().Select(inline => inline switch { LiteralInline literal => literal.Content.ToString(), CodeInline code => code.Content, _ => "" }) ?? []);

    /// <summary>A picture beside the notebook, or attached to the cell, inside the page.</summary>
    private static string Embedded(Notebook notebook, NotebookCell cell, string url)
    {
        const string Attachment = "attachment:";
        if (url.StartsWith(Attachment, StringComparison.Ordinal) && cell.Json["attachments"]?[url[Attachment.Length..]] is JsonObject forms && forms.Count > 0)
        {
            (string type, JsonNode? content) = forms.First();
            return $"data:{type};base64,{NotebookText.Join(content)}";
        }

        string path = System.IO.Path.GetFullPath(Uri.UnescapeDataString(url), notebook.Folder);
        string? kind = System.IO.Path.GetExtension(path).ToLowerInvariant() switch { ".png" or ".apng" => "image/png", ".jpg" or ".jpeg" => "image/jpeg", ".gif" => "image/gif", ".webp" => "image/webp", ".svg" => "image/svg+xml", _ => null };
        return kind is not null && !url.Contains(':', StringComparison.Ordinal) && File.Exists(path) ? $"data:{kind};base64,{Convert.ToBase64String(File.ReadAllBytes(path))}" : url;
    }

    private static HtmlFragment Code(NotebookCell cell)
    {
        StringBuilder html = new();
        foreach (SyntaxToken token in CSharpSyntaxTree.ParseText(cell.Source, CellSource.ParseOptions).GetRoot().DescendantTokens())
        {
            foreach (SyntaxTrivia trivia in token.LeadingTrivia)
            {
                Append(trivia.ToFullString(), trivia.IsKind(SyntaxKind.WhitespaceTrivia) || trivia.IsKind(SyntaxKind.EndOfLineTrivia) ? "" : "i");
            }

            bool isText = token.IsKind(SyntaxKind.StringLiteralToken) || token.IsKind(SyntaxKind.CharacterLiteralToken) || token.IsKind(SyntaxKind.InterpolatedStringTextToken)
                || token.IsKind(SyntaxKind.SingleLineRawStringLiteralToken) || token.IsKind(SyntaxKind.MultiLineRawStringLiteralToken);
            Append(token.Text, SyntaxFacts.IsKeywordKind(token.Kind()) || SyntaxFacts.IsContextualKeyword(token.Kind()) ? "b" : isText ? "u" : "");
            foreach (SyntaxTrivia trivia in token.TrailingTrivia)
            {
                Append(trivia.ToFullString(), trivia.IsKind(SyntaxKind.WhitespaceTrivia) || trivia.IsKind(SyntaxKind.EndOfLineTrivia) ? "" : "i");
            }
        }

        return HtmlFragment.Of($"<pre class=\"nb-code\"><code>{HtmlFragment.Trusted(html.ToString())}</code></pre>\n");

        void Append(string text, string element)
        {
            string escaped = WebUtility.HtmlEncode(text);
            html.Append(element.Length == 0 || text.Length == 0 ? escaped : $"<{element}>{escaped}</{element}>");
        }
    }

    private static HtmlFragment Output(JsonObject output) => output["output_type"]!.GetValue<string>() switch
    {
        "stream" => HtmlFragment.Of($"<div class=\"nb-output\"><pre>{NotebookText.Join(output["text"])}</pre></div>\n"),
        "error" => HtmlFragment.Of($"<div class=\"nb-output nb-error\"><pre>{string.Join('\n', output["traceback"]!.AsArray().Select(line => line!.GetValue<string>()))}</pre></div>\n"),
        _ => HtmlFragment.Of($"<div class=\"nb-output\">{Richest(output["data"]!.AsObject())}</div>\n"),
    };

    private static HtmlFragment Richest(JsonObject data)
    {
        if (data[MimeBundle.Html] is { } html)
        {
            return HtmlFragment.Trusted(NotebookText.Join(html));
        }

        if (data["image/svg+xml"] is { } drawing)
        {
            return HtmlFragment.Of($"<img alt=\"\" src=\"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(NotebookText.Join(drawing)))}\">");
        }

        foreach (string type in new[] { "image/png", "image/jpeg", "image/gif" })
        {
            if (data[type] is { } picture)
            {
                return HtmlFragment.Of($"<img alt=\"\" src=\"data:{type};base64,{NotebookText.Join(picture).ReplaceLineEndings("")}\">");
            }
        }

        if (data["text/markdown"] is { } markdown)
        {
            return HtmlFragment.Trusted(Markdown.ToHtml(NotebookText.Join(markdown), Pipeline));
        }

        return HtmlFragment.Of($"<pre>{NotebookText.Join(data[MimeBundle.PlainText])}</pre>");
    }
}
