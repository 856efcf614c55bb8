using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace HaloLab.Notebooks.Documents;

/// <summary>What must hold of a notebook in the repository: a valid format, no outputs, links that lead somewhere, cells that compile.</summary>
public static class NotebookCheck
{
    /// <summary>Everything that does not hold, one message each.</summary>
    /// <param name="path">The notebook.</param>
    /// <param name="notify">Is told what else the reader should know.</param>
    public static IReadOnlyList<string> Problems(string path, Action<string> notify)
    {
        Notebook notebook;
        try
        {
            notebook = Notebook.Read(path);
        }
        catch (InputException exception)
        {
            return [exception.Message];
        }

        List<string> problems = [];
        if (notebook.HasOutputs)
        {
            problems.Add($"{path}: has outputs or execution counts. Run `halolab notebooks strip {path}`.");
        }

        problems.AddRange(BrokenLinks(notebook));
        try
        {
            _ = NotebookCompiler.Compile(notebook, notify);
        }
        catch (InputException exception)
        {
            problems.Add(exception.Message);
        }

        return problems;
    }

    private static IEnumerable<string> BrokenLinks(Notebook notebook)
    {
        foreach (NotebookCell cell in notebook.Cells.Where(cell => cell.IsMarkdown))
        {
            foreach (LinkInline link in Markdown.Parse(cell.Source, NotebookPage.Pipeline).Descendants<LinkInline>())
            {
                string target = (link.Url ?? "").Split('#')[0];
                bool isElsewhere = target.Length == 0 || target.Contains(':', StringComparison.Ordinal) || target.StartsWith("//", StringComparison.Ordinal);
                string file = Path.GetFullPath(Uri.UnescapeDataString(target), notebook.Folder);
                if (!isElsewhere && !File.Exists(file) && !Directory.Exists(file))
                {
                    yield return $"{notebook.Path}: cell {cell.Number}: the link '{link.Url}' leads nowhere, {file} does not exist.";
                }
            }
        }
    }
}
