using System.Globalization;
using System.Text;
using HaloLab.Notebooks.Scripting;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace HaloLab.Notebooks.Documents;

/// <summary>
/// A notebook as a file-based program of .NET 10 that <c>dotnet run FILE.cs</c> runs without any kernel: markdown as comments, cells in order,
/// types at the end. Cells may declare a name again only with the same type; what a program cannot hold is refused by cell and name.
/// </summary>
public sealed class NotebookExport
{
    private readonly Notebook _notebook;
    private readonly SortedSet<string> _packages = new(StringComparer.OrdinalIgnoreCase);
    private readonly SortedSet<string> _usings = new(StringComparer.Ordinal) { "using System;", "using System.Collections.Generic;", "using System.IO;", "using System.Linq;", "using System.Text;", "using System.Threading;", "using System.Threading.Tasks;", "using static HaloLab.Notebooks.NotebookProgram;" };
    private readonly Dictionary<string, string> _variables = [];
    private readonly HashSet<string> _methods = [];
    private readonly StringBuilder _body = new();
    private readonly StringBuilder _types = new();
    private readonly StringBuilder _extensions = new();

    private NotebookExport(Notebook notebook) => _notebook = notebook;

    /// <summary>Writes the program.</summary>
    /// <param name="notebook">The notebook; its cells must compile.</param>
    /// <param name="path">The <c>.cs</c> file.</param>
    /// <param name="notify">Is told what the reader should know.</param>
    /// <exception cref="InputException">A cell does not compile or has no counterpart in a program.</exception>
    public static void Write(Notebook notebook, string path, Action<string> notify)
    {
        ArgumentNullException.ThrowIfNull(notebook);
        AtomicFile.WriteAllText(path, new NotebookExport(notebook).Convert(Path.GetFullPath(path), notify));
    }

    private string Convert(string path, Action<string> notify)
    {
        IReadOnlyList<NotebookCompiler.Result> compiled = NotebookCompiler.Compile(_notebook, notify);
        foreach (NotebookCell cell in _notebook.Cells)
        {
            if (cell.IsMarkdown)
            {
                foreach (string line in cell.Source.TrimEnd().Split('\n'))
                {
                    _body.Append(("// " + line).TrimEnd()).Append('\n');
                }

                _body.Append('\n');
            }
            else if (compiled.FirstOrDefault(result => result.Cell.Number == cell.Number) is { } result)
            {
                // A loaded script is part of the cell's compilation, before the cell.
                foreach (SyntaxTree tree in result.Compilation.SyntaxTrees.OrderBy(tree => tree.FilePath.EndsWith($"{Path.DirectorySeparatorChar}cell {cell.Number}", StringComparison.Ordinal)))
                {
                    Add(tree, result.Compilation.GetSemanticModel(tree), cell.Number);
                }

                _body.Append('\n');
            }
        }

        return Head(path) + _body.ToString().TrimEnd() + "\n" + Tail();
    }

    private string Head(string path)
    {
        string root = FindRepository(_notebook.Folder) ?? FindRepository(AppContext.BaseDirectory)
            ?? throw new InputException($"{_notebook.Path}: lies in no checkout of HaloLab (no HaloLab.sln above it), and a program needs its projects. Copy the notebook into `notebooks/`.");
        StringBuilder head = new();
        head.Append(CultureInfo.InvariantCulture, $"// Exported from {Path.GetFileName(_notebook.Path)} by `halolab notebooks export`; run it with `dotnet run {Path.GetFileName(path)}`.\n");
        head.Append(CultureInfo.InvariantCulture, $"#:project {Path.GetRelativePath(Path.GetDirectoryName(path)!, Path.Combine(root, "src", "HaloLab.Notebooks"))}\n");
        foreach (string package in _packages)
        {
            head.Append(CultureInfo.InvariantCulture, $"#:package {package}\n");
        }

        // Rules of the repository that are not for a script: cells are written to be read, one after the other.
        foreach (string property in new[] { "PublishAot=false", "ImplicitUsings=disable", "Nullable=disable", "TreatWarningsAsErrors=false", "EnforceCodeStyleInBuild=false", "RunAnalyzers=false", "ManagePackageVersionsCentrally=false", "RestorePackagesWithLockFile=false", "RestoreLockedMode=false" })
        {
            head.Append(CultureInfo.InvariantCulture, $"#:property {property}\n");
        }

        if (FindRepository(Path.GetDirectoryName(path)!) is null)
        {
            head.Append("#:property TargetFramework=net10.0\n#:property RuntimeIdentifier=linux-x64\n#:property SelfContained=false\n#:property InvariantGlobalization=true\n#:property ConcurrentGarbageCollection=false\n");
            head.Append(CultureInfo.InvariantCulture, $"#:property CustomAfterMicrosoftCommonTargets={Path.Combine(root, "build", "WeakenElfVersion.targets")}\n");
        }

        head.Append('\n');
        foreach (string directive in _usings)
        {
            head.Append(directive).Append('\n');
        }

        return head.Append('\n').ToString();
    }

    private string Tail() => (_extensions.Length > 0 ? $"\nstatic class ScriptExtensions\n{{\n{_extensions}}}\n" : "") + (_types.Length > 0 ? "\n" + _types : "");

    private void Add(SyntaxTree tree, SemanticModel model, int cell)
    {
        CompilationUnitSyntax root = tree.GetCompilationUnitRoot();
        foreach (ReferenceDirectiveTriviaSyntax reference in root.GetReferenceDirectives())
        {
            AddReference(reference.File.ValueText, cell);
        }

        foreach (UsingDirectiveSyntax directive in root.Usings)
        {
            _usings.Add(directive.WithoutTrivia().NormalizeWhitespace().ToString());
        }

        foreach (MemberDeclarationSyntax member in root.Members)
        {
            string comments = Comments(member);
            switch (member)
            {
                case FieldDeclarationSyntax field:
                    _body.Append(comments);
                    AddVariables(field, model, cell);
                    break;
                case GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } last }:
                    bool hasValue = model.GetTypeInfo(last.Expression).Type is { SpecialType: not SpecialType.System_Void };
                    _body.Append(comments).Append(hasValue ? $"ShowResult({last.Expression.WithoutTrivia()});\n" : $"{last.Expression.WithoutTrivia()};\n");
                    break;
                case GlobalStatementSyntax statement:
                    AddNames(statement, model, cell);
                    _body.Append(comments).Append(statement.WithoutTrivia()).Append('\n');
                    break;
                case MethodDeclarationSyntax method:
                    AddMethod(method, comments, cell);
                    break;
                case BaseTypeDeclarationSyntax or DelegateDeclarationSyntax:
                    _types.Append(comments).Append(WithoutModifiers(member, SyntaxKind.PrivateKeyword, SyntaxKind.ProtectedKeyword)).Append("\n\n");
                    break;
                default:
                    throw new InputException($"{_notebook.Path}: cell {cell}: '{member.ToString().Split('\n')[0]}' has no counterpart in a program; declare a variable or a method instead.");
            }
        }
    }

    private void AddReference(string reference, int cell)
    {
        if (PackageRequest.TryParse(reference, out PackageRequest? package))
        {
            _packages.Add($"{package!.Name}@{package.Version ?? "*"}");
        }
        else if (HostAssemblies.Find(Path.GetFileNameWithoutExtension(reference)) is null)
        {
            throw new InputException($"{_notebook.Path}: cell {cell}: #r \"{reference}\" names a file, and a program of one file can only name projects and packages.");
        }
    }

    private void AddVariables(FieldDeclarationSyntax field, SemanticModel model, int cell)
    {
        foreach (VariableDeclaratorSyntax variable in field.Declaration.Variables)
        {
            string name = variable.Identifier.ValueText;
            string type = ((IFieldSymbol)model.GetDeclaredSymbol(variable)!).Type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
            string value = variable.Initializer?.Value.ToString() ?? "default";
            bool isNew = Declare(name, type, cell);
            bool isConstant = field.Modifiers.Any(SyntaxKind.ConstKeyword);
            _body.Append(isNew ? $"{(isConstant ? "const " : "")}{field.Declaration.Type.WithoutTrivia()} {name} = {value};\n" : $"{name} = {value};\n");
        }
    }

    /// <summary>Variables that a statement declares at the top level: deconstruction, <c>out var</c>, patterns.</summary>
    private void AddNames(GlobalStatementSyntax statement, SemanticModel model, int cell)
    {
        IEnumerable<SingleVariableDesignationSyntax> names = statement.DescendantNodes(node => node is not AnonymousFunctionExpressionSyntax and not BlockSyntax).OfType<SingleVariableDesignationSyntax>();
        foreach (SingleVariableDesignationSyntax name in names)
        {
            if (model.GetDeclaredSymbol(name) is IFieldSymbol field && !Declare(name.Identifier.ValueText, field.Type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat), cell))
            {
                throw new InputException($"{_notebook.Path}: cell {cell}: '{name.Identifier.ValueText}' is declared a second time inside an expression; give it another name.");
            }
        }
    }

    /// <returns>Whether the name is new.</returns>
    private bool Declare(string name, string type, int cell)
    {
        if (_methods.Contains(name) || (_variables.TryGetValue(name, out string? known) && known != type))
        {
            throw new InputException($"{_notebook.Path}: cell {cell}: '{name}' is declared again as {type}; in a program a name keeps its type. Give one of them another name.");
        }

        return _variables.TryAdd(name, type);
    }

    private void AddMethod(MethodDeclarationSyntax method, string comments, int cell)
    {
        bool isExtension = method.ParameterList.Parameters.FirstOrDefault()?.Modifiers.Any(SyntaxKind.ThisKeyword) == true;
        if (isExtension)
        {
            _extensions.Append(comments).Append(method.WithoutTrivia()).Append('\n');
            return;
        }

        string name = method.Identifier.ValueText;
        if (_variables.ContainsKey(name) || !_methods.Add(name))
        {
            throw new InputException($"{_notebook.Path}: cell {cell}: '{name}' is declared again, and a program can hold one method of a name. Give one of them another name.");
        }

        _body.Append(comments).Append(WithoutModifiers(method, SyntaxKind.PublicKeyword, SyntaxKind.PrivateKeyword, SyntaxKind.InternalKeyword, SyntaxKind.ProtectedKeyword)).Append('\n');
    }

    private static MemberDeclarationSyntax WithoutModifiers(MemberDeclarationSyntax member, params SyntaxKind[] kinds) =>
        member.WithModifiers(SyntaxFactory.TokenList(member.Modifiers.Where(modifier => !kinds.Contains(modifier.Kind())))).WithoutTrivia();

    /// <summary>The comments above a member, without directives.</summary>
    private static string Comments(SyntaxNode member)
    {
        StringBuilder comments = new();
        foreach (SyntaxTrivia trivia in member.GetLeadingTrivia().Where(trivia => trivia.IsKind(SyntaxKind.SingleLineCommentTrivia) || trivia.IsKind(SyntaxKind.MultiLineCommentTrivia) || trivia.IsKind(SyntaxKind.SingleLineDocumentationCommentTrivia)))
        {
            comments.Append(trivia.ToFullString().TrimEnd()).Append('\n');
        }

        return comments.ToString();
    }

    private static string? FindRepository(string folder)
    {
        for (DirectoryInfo? candidate = new(folder); candidate is not null; candidate = candidate.Parent)
        {
            if (File.Exists(Path.Combine(candidate.FullName, "HaloLab.sln")))
            {
                return candidate.FullName;
            }
        }

        return null;
    }
}
