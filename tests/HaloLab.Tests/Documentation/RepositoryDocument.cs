using Markdig;
using Markdig.Extensions.AutoIdentifiers;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace HaloLab.Tests.Documentation;

/// <summary>A document of the repository: its code blocks, links, and the anchors that links can name.</summary>
public sealed class RepositoryDocument
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().UsePipeTables().UseAutoIdentifiers(AutoIdentifierOptions.GitHub).Build();
    private readonly MarkdownDocument _tree;

    /// <param name="path">Relative to the repository.</param>
    public RepositoryDocument(string path)
    {
        Path = path;
        Text = File.ReadAllText(System.IO.Path.Combine(RepositoryRoot.Path, path));
        _tree = Markdown.Parse(Text, Pipeline);
    }

    public string Path { get; }

    public string Text { get; }

    /// <summary>The README and the documents of <c>docs/</c>.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["README.md", .. Directory.GetFiles(System.IO.Path.Combine(RepositoryRoot.Path, "docs"), "*.md").Select(file => "docs/" + System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    /// <summary>Code blocks with their language ("" where none is named) and the line of their first line, from 1.</summary>
    public IEnumerable<(string Language, int Line, string Code)> CodeBlocks =>
        _tree.Descendants<FencedCodeBlock>().Select(block => (block.Info ?? "", block.Line + 2, string.Join('\n', block.Lines.Lines.Take(block.Lines.Count).Select(line => line.ToString()))));

    /// <summary>Code within sentences and tables, with its line from 1.</summary>
    public IEnumerable<(int Line, string Code)> InlineCode => _tree.Descendants<CodeInline>().Select(code => (code.Line + 1, code.Content));

    /// <summary>Targets of links and pictures, with their line from 1.</summary>
    public IEnumerable<(int Line, string Target)> Links => _tree.Descendants<LinkInline>().Select(link => (link.Line + 1, link.Url ?? ""));

    /// <summary>What a link's <c>#</c> can name.</summary>
    public IReadOnlySet<string> Anchors => _tree.Descendants<HeadingBlock>().Select(heading => heading.TryGetAttributes()?.Id ?? "").ToHashSet();

    /// <summary>The command lines of blocks without a language or of a shell's; lines that end with a backslash go on in the next.</summary>
    public IEnumerable<DocumentedCommand> Commands()
    {
        foreach ((string language, int first, string code) in CodeBlocks.Where(block => block.Language is "" or "bash" or "sh"))
        {
            string[] lines = code.Split('\n');
            for (int i = 0; i < lines.Length; i++)
            {
                int begin = i;
                string line = lines[i];
                while (line.EndsWith('\\') && i + 1 < lines.Length)
                {
                    line = line[..^1] + " " + lines[++i];
                }

                if (DocumentedCommand.Parse(Path, first + begin, line) is { } command)
                {
                    yield return command;
                }
            }
        }
    }
}
