using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace HaloLab.Notebooks.Scripting;

/// <summary>The names that a piece of script declares for the cells after it.</summary>
internal static class NotebookNames
{
    public static IEnumerable<string> Declared(MemberDeclarationSyntax member) => member switch
    {
        FieldDeclarationSyntax field => field.Declaration.Variables.Select(variable => variable.Identifier.ValueText),
        BaseTypeDeclarationSyntax type => [type.Identifier.ValueText],
        DelegateDeclarationSyntax type => [type.Identifier.ValueText],
        MethodDeclarationSyntax method => [method.Identifier.ValueText],
        PropertyDeclarationSyntax property => [property.Identifier.ValueText],
        GlobalStatementSyntax statement => statement.DescendantNodes(node => node is not AnonymousFunctionExpressionSyntax and not BlockSyntax)
            .OfType<SingleVariableDesignationSyntax>().Select(variable => variable.Identifier.ValueText),
        _ => [],
    };
}
