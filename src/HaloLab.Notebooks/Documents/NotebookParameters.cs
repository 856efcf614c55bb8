using System.Globalization;
using HaloLab.Notebooks.Scripting;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace HaloLab.Notebooks.Documents;

/// <summary>
/// Parameters by papermill's convention: the cell tagged <c>parameters</c> declares them with their defaults; other values are set by a cell that
/// is put behind it. C# knows their types, so a value that does not fit is refused before anything runs.
/// </summary>
public static class NotebookParameters
{
    private const string Tag = "parameters";
    private const string InjectedTag = "injected-parameters";

    /// <summary>The parameters of a notebook: name and type, in the order of their declaration.</summary>
    public static IReadOnlyList<(string Name, string Type)> Of(Notebook notebook)
    {
        ArgumentNullException.ThrowIfNull(notebook);
        return Find(notebook) is not { } cell ? [] :
        [
            .. CSharpSyntaxTree.ParseText(cell.Source, CellSource.ParseOptions).GetCompilationUnitRoot().Members.OfType<FieldDeclarationSyntax>()
                .SelectMany(field => field.Declaration.Variables.Select(variable => (variable.Identifier.ValueText, TypeOf(field.Declaration.Type, variable)))),
        ];
    }

    /// <summary>Sets parameters.</summary>
    /// <param name="notebook">The notebook; its earlier injected cell is taken out.</param>
    /// <param name="values">Text of each value by its parameter's name.</param>
    /// <exception cref="InputException">A parameter is unknown, or the value is not of its type.</exception>
    public static void Set(Notebook notebook, IReadOnlyDictionary<string, string> values)
    {
        ArgumentNullException.ThrowIfNull(notebook);
        ArgumentNullException.ThrowIfNull(values);
        foreach (NotebookCell earlier in notebook.Cells.Where(cell => cell.Tags.Contains(InjectedTag)).Reverse())
        {
            notebook.Remove(earlier);
        }

        if (values.Count == 0)
        {
            return;
        }

        IReadOnlyList<(string Name, string Type)> known = Of(notebook);
        List<string> lines = ["// Parameters"];
        foreach ((string name, string value) in values)
        {
            if (known.FirstOrDefault(parameter => parameter.Name == name) is not { Type: { } type })
            {
                throw new InputException(known.Count == 0
                    ? $"{notebook.Path}: '{name}' cannot be set, the notebook has no parameters (no cell is tagged '{Tag}')."
                    : $"{notebook.Path}: '{name}' is not a parameter. Known are {string.Join(", ", known.Select(parameter => $"{parameter.Name} ({parameter.Type})"))}.");
            }

            lines.Add($"{name} = {Literal(type, value) ?? throw new InputException($"{notebook.Path}: {name}={value}: expected a value of type {type}.")};");
        }

        notebook.InsertCode(Find(notebook)!.Number, string.Join('\n', lines), InjectedTag);
    }

    private static NotebookCell? Find(Notebook notebook) => notebook.Cells.FirstOrDefault(cell => cell.IsCode && cell.Tags.Contains(Tag));

    private static string TypeOf(TypeSyntax declared, VariableDeclaratorSyntax variable) => declared.ToString() != "var" ? declared.ToString()
        : variable.Initializer?.Value switch
        {
            LiteralExpressionSyntax { Token.Value: { } value } => TypeName(value),
            PrefixUnaryExpressionSyntax { Operand: LiteralExpressionSyntax { Token.Value: { } value } } => TypeName(value),
            InterpolatedStringExpressionSyntax => "string",
            _ => "var",
        };

    private static string TypeName(object value) => value switch
    {
        string => "string",
        bool => "bool",
        int => "int",
        long => "long",
        float => "float",
        double => "double",
        decimal => "decimal",
        _ => "var",
    };

    /// <summary>The value as C# source; null where it is not of the type.</summary>
    private static string? Literal(string type, string value)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        switch (type.TrimEnd('?'))
        {
            case "string":
                return SymbolDisplay.FormatLiteral(value, quote: true);
            case "bool":
                return bool.TryParse(value, out bool flag) ? (flag ? "true" : "false") : null;
            case "int":
                return int.TryParse(value, NumberStyles.AllowLeadingSign, invariant, out int number) ? number.ToString(invariant) : null;
            case "long":
                return long.TryParse(value, NumberStyles.AllowLeadingSign, invariant, out long large) ? large.ToString(invariant) + "L" : null;
            case "float":
                return float.TryParse(value, NumberStyles.Float, invariant, out float single) && float.IsFinite(single) ? single.ToString("r", invariant) + "f" : null;
            case "double":
                return double.TryParse(value, NumberStyles.Float, invariant, out double real) && double.IsFinite(real) ? real.ToString("r", invariant) + "d" : null;
            case "decimal":
                return decimal.TryParse(value, NumberStyles.Float, invariant, out decimal exact) ? exact.ToString(invariant) + "m" : null;
            default:
                return null;
        }
    }
}
