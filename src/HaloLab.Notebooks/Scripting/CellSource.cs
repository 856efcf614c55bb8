using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace HaloLab.Notebooks.Scripting;

/// <summary>
/// A cell as it is compiled: without the lines at its head that begin with <c>#!</c>. Of those, <c>#!time</c> shows how long the cell took and
/// <c>#!csharp</c> says what is the case anyway; they stay as empty lines, so that line numbers hold.
/// </summary>
internal sealed record CellSource(string Code, bool IsTimed)
{
    public static CSharpParseOptions ParseOptions { get; } = new(LanguageVersion.Preview, kind: SourceCodeKind.Script);

    /// <exception cref="InputException">A <c>#!</c> line that this kernel does not know.</exception>
    public static CellSource Parse(string code)
    {
        string[] lines = code.Split('\n');
        bool isTimed = false;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0 || line.StartsWith("//", StringComparison.Ordinal))
            {
                continue;
            }

            if (!line.StartsWith("#!", StringComparison.Ordinal))
            {
                break;
            }

            isTimed |= line == "#!time";
            if (line is not ("#!time" or "#!csharp" or "#!c#"))
            {
                throw new InputException($"line {i + 1}: '{line}' is not known here. Cells are C#; of the lines that begin with #! only #!time and #!csharp are taken, at the head of a cell.");
            }

            lines[i] = "";
        }

        return new CellSource(string.Join('\n', lines), isTimed);
    }

    /// <summary>Whether nothing would happen: blank, or comments only.</summary>
    public bool IsEmpty()
    {
        if (string.IsNullOrWhiteSpace(Code))
        {
            return true;
        }

        SyntaxTree tree = CSharpSyntaxTree.ParseText(Code, ParseOptions);
        CompilationUnitSyntax root = tree.GetCompilationUnitRoot();
        return root.Members.Count == 0 && root.Usings.Count == 0 && !root.ContainsDirectives && !root.ContainsSkippedText && !tree.GetDiagnostics().Any();
    }
}
