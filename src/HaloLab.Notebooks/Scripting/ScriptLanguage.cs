using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Completion;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Host.Mef;
using Microsoft.CodeAnalysis.QuickInfo;
using Microsoft.CodeAnalysis.Scripting;
using Microsoft.CodeAnalysis.Text;

namespace HaloLab.Notebooks.Scripting;

/// <summary>
/// Completion and documentation at the cursor, by the compiler's own services. They see a chain of the cells that have run: of cells that declare
/// the same names the last only, and none that declares nothing, so the chain grows with the names and not with the session.
/// </summary>
internal sealed class ScriptLanguage(ScriptOptions options) : IDisposable
{
    private readonly List<Declared> _cells = [];
    private AdhocWorkspace? _workspace;
    private ProjectId? _newest;
    private int _known;

    /// <summary>A suggestion for what is being typed.</summary>
    public sealed record Suggestion(string Text, string Kind);

    private sealed record Declared(string Code, HashSet<string> Names, bool HasDirectives);

    /// <summary>Remembers a cell that has run.</summary>
    public void Add(string code)
    {
        CompilationUnitSyntax root = CSharpSyntaxTree.ParseText(code, CellSource.ParseOptions).GetCompilationUnitRoot();
        HashSet<string> names = [.. root.Members.SelectMany(NotebookNames.Declared)];
        bool hasDirectives = root.Usings.Count > 0 || root.ContainsDirectives;
        if (names.Count == 0 && !hasDirectives)
        {
            return;
        }

        int before = _cells.Count;
        _cells.RemoveAll(cell => cell.Code == code || (!cell.HasDirectives && cell.Names.IsSubsetOf(names)));
        if (_cells.Count != before)
        {
            // The chain has changed in the middle: it is built anew when somebody asks.
            Forget();
        }

        _cells.Add(new Declared(code, names, hasDirectives));
    }

    /// <summary>What fits at a position.</summary>
    /// <returns>The suggestions, and the part of the code that they replace.</returns>
    public async Task<(IReadOnlyList<Suggestion> Suggestions, TextSpan Replaced)> CompleteAsync(string code, int position, CancellationToken cancellation)
    {
        Document document = Open(code);
        CompletionService service = CompletionService.GetService(document)!;
        CompletionList list = await service.GetCompletionsAsync(document, position, cancellationToken: cancellation).ConfigureAwait(false);
        TextSpan replaced = list.ItemsList.Count > 0 ? list.Span : new TextSpan(position, 0);
        string typed = code.Substring(replaced.Start, Math.Max(0, position - replaced.Start));
        List<Suggestion> suggestions = [.. list.ItemsList
            .Where(item => item.DisplayText.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(item => item.DisplayText.StartsWith(typed, StringComparison.Ordinal))
            .ThenBy(item => item.SortText, StringComparer.OrdinalIgnoreCase)
            .Select(item => new Suggestion(item.Properties.GetValueOrDefault("InsertionText") ?? item.DisplayText, item.Tags.FirstOrDefault()?.ToLowerInvariant() ?? ""))
            .DistinctBy(suggestion => suggestion.Text)];
        return (suggestions, replaced);
    }

    /// <summary>What stands at a position: its declaration and documentation as text; null where there is nothing.</summary>
    public async Task<string?> DescribeAsync(string code, int position, CancellationToken cancellation)
    {
        Document document = Open(code);
        QuickInfoService service = QuickInfoService.GetService(document)!;
        SyntaxNode root = (await document.GetSyntaxRootAsync(cancellation).ConfigureAwait(false))!;
        foreach (int candidate in Candidates(root, position))
        {
            if (await service.GetQuickInfoAsync(document, candidate, cancellation).ConfigureAwait(false) is { Sections: { IsEmpty: false } sections })
            {
                return string.Join("\n\n", sections.Where(section => section.Text.Length > 0).Select(section => section.Text));
            }
        }

        return null;
    }

    /// <summary>Whether code is whole: <c>complete</c>, <c>incomplete</c> (more lines are to come) or <c>invalid</c>.</summary>
    public static string Completeness(string code)
    {
        SyntaxTree tree = CSharpSyntaxTree.ParseText(code, CellSource.ParseOptions);
        return !SyntaxFactory.IsCompleteSubmission(tree) ? "incomplete"
            : tree.GetDiagnostics().Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error) ? "invalid"
            : "complete";
    }

    public void Dispose() => Forget();

    /// <summary>The position itself, then the names of the calls whose arguments are being typed there, from the inside out.</summary>
    private static IEnumerable<int> Candidates(SyntaxNode root, int position)
    {
        yield return position;
        if (position > 0)
        {
            yield return position - 1;
        }

        for (SyntaxNode? node = root.FindToken(Math.Max(0, position - 1)).Parent; node is not null; node = node.Parent)
        {
            if (node is ArgumentListSyntax { Parent: { } call })
            {
                yield return call switch
                {
                    InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax member } => member.Name.SpanStart,
                    InvocationExpressionSyntax invocation => invocation.Expression.SpanStart,
                    ObjectCreationExpressionSyntax creation => creation.Type.SpanStart,
                    _ => call.SpanStart,
                };
            }
        }
    }

    private Document Open(string code)
    {
        _workspace ??= new AdhocWorkspace(MefHostServices.DefaultHost);
        for (; _known < _cells.Count; _known++)
        {
            _newest = AddCell(_workspace, _cells[_known].Code, _newest).Project.Id;
        }

        // The cell that is being typed hangs on the solution without staying in it.
        return Attach(_workspace.CurrentSolution, code, _newest);
    }

    private Document AddCell(AdhocWorkspace workspace, string code, ProjectId? previous)
    {
        Document document = Attach(workspace.CurrentSolution, code, previous);
        workspace.TryApplyChanges(document.Project.Solution);
        return workspace.CurrentSolution.GetDocument(document.Id)!;
    }

    private Document Attach(Solution solution, string code, ProjectId? previous)
    {
        ProjectId id = ProjectId.CreateNewId();
        string name = string.Create(CultureInfo.InvariantCulture, $"cell{solution.ProjectIds.Count}");
        CSharpCompilationOptions compilation = new(
            OutputKind.DynamicallyLinkedLibrary,
            scriptClassName: name,
            usings: options.Imports,
            metadataReferenceResolver: options.MetadataResolver,
            sourceReferenceResolver: options.SourceResolver);
        ProjectInfo project = ProjectInfo.Create(
            id,
            VersionStamp.Create(),
            name,
            name,
            LanguageNames.CSharp,
            parseOptions: CellSource.ParseOptions,
            compilationOptions: compilation,
            metadataReferences: options.MetadataReferences,
            projectReferences: previous is null ? null : [new ProjectReference(previous)],
            isSubmission: true,
            hostObjectType: typeof(CellScope));
        DocumentId document = DocumentId.CreateNewId(id);
        return solution.AddProject(project)
            .AddDocument(DocumentInfo.Create(document, name + ".csx", sourceCodeKind: SourceCodeKind.Script, loader: TextLoader.From(TextAndVersion.Create(SourceText.From(code, Encoding.UTF8), VersionStamp.Create()))))
            .GetDocument(document)!;
    }

    private void Forget()
    {
        _workspace?.Dispose();
        _workspace = null;
        _newest = null;
        _known = 0;
    }
}
