using HaloLab.Notebooks.Scripting;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;

namespace HaloLab.Notebooks.Documents;

/// <summary>Compiles the cells of a notebook one after the other, as the kernel would, and runs none.</summary>
internal static class NotebookCompiler
{
    /// <summary>A compiled cell.</summary>
    public sealed record Result(NotebookCell Cell, CellSource Source, Compilation Compilation);

    /// <exception cref="InputException">A cell does not compile: the message says which and why.</exception>
    public static IReadOnlyList<Result> Compile(Notebook notebook, Action<string> notify)
    {
        ScriptReferences references = new(notebook.Folder, new PackageRestore(notify), notify);
        ScriptOptions options = ScriptEngine.MakeOptions(notebook.Folder, references);
        Script<object>? script = null;
        List<Result> results = [];
        foreach (NotebookCell cell in notebook.Cells.Where(cell => cell.IsCode))
        {
            CellSource source = Parse(notebook, cell);
            ScriptOptions named = options.WithFilePath(Path.Combine(notebook.Folder, $"cell {cell.Number}"));
            script = script is null ? CSharpScript.Create<object>(source.Code, named, typeof(CellScope)) : script.ContinueWith<object>(source.Code, ScriptEngine.WithoutReferences(named));
            Compilation compilation = script.GetCompilation();
            List<Diagnostic> errors = [.. compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)];
            IReadOnlyList<string> advice = references.TakeAdvice();
            if (errors.Count > 0)
            {
                throw new InputException($"{notebook.Path}: cell {cell.Number} does not compile:\n{string.Join('\n', CellError.OfCompilation(errors, advice).Trace)}");
            }

            results.Add(new Result(cell, source, compilation));
        }

        return results;
    }

    private static CellSource Parse(Notebook notebook, NotebookCell cell)
    {
        try
        {
            return CellSource.Parse(cell.Source);
        }
        catch (InputException exception)
        {
            throw new InputException($"{notebook.Path}: cell {cell.Number}, {exception.Message}", exception);
        }
    }
}
