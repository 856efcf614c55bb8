using System.Globalization;
using Microsoft.CodeAnalysis;

namespace HaloLab.Notebooks.Scripting;

/// <summary>What a reader can do about an error, where the kind of error says it.</summary>
internal static class CellAdvice
{
    private const string Prefix = "→ ";

    private static readonly string[] UnknownNames = ["CS0103", "CS0246", "CS0234"];

    /// <summary>At most one line.</summary>
    public static IEnumerable<string> OfCompilation(IReadOnlyList<Diagnostic> errors)
    {
        if (errors.FirstOrDefault(error => UnknownNames.Contains(error.Id)) is { } unknown)
        {
            string message = unknown.GetMessage(CultureInfo.InvariantCulture);
            string name = message.Split('\'', 3) is [_, var quoted, _] ? $"'{quoted}'" : "It";
            yield return $"{Prefix}{name} is not known here. If a cell above declares it, run that cell first: after a restart of the kernel nothing is declared. "
                + "HaloLab's own types come with #load \"bootstrap.csx\" and a using.";
        }
        else if (errors.Any(error => error.Id == "CS0012"))
        {
            yield return $"{Prefix}Name the assembly that is missing with #r, or its package with #r \"nuget: Name, Version\".";
        }
    }

    /// <summary>At most one line.</summary>
    public static IEnumerable<string> OfException(Exception exception)
    {
        string? advice = Chain(exception).Select(Advice).FirstOrDefault(line => line is not null);
        return advice is null ? [] : [Prefix + advice];
    }

    private static IEnumerable<Exception> Chain(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            yield return exception;
        }
    }

    private static string? Advice(Exception exception) => exception switch
    {
        DllNotFoundException or NotSupportedException when exception.Message.Contains("torch", StringComparison.OrdinalIgnoreCase) =>
            "Native torch could not be loaded. `halolab doctor` finds out why.",
        ObjectDisposedException => Freed,
        InvalidOperationException { Message: var message } when message.Contains("Tensor invalid", StringComparison.OrdinalIgnoreCase) => Freed,
        OutOfMemoryException => "There is not enough memory: use the preset quick, smaller clips or smaller batches, and restart the kernel to free what it holds.",
        FileNotFoundException or DirectoryNotFoundException => $"A relative path begins at the notebook's folder, {Environment.CurrentDirectory}.",
        { Message: var message } when message.Contains("must match the size of tensor", StringComparison.Ordinal) || message.Contains("shapes cannot be multiplied", StringComparison.Ordinal) || message.Contains("is invalid for input of size", StringComparison.Ordinal) =>
            "Shapes do not fit: end a cell with the name of a tensor to see its shape.",
        _ => null,
    };

    private const string Freed = "A dispose scope, or a using, has freed it: keep a tensor with MoveToOuterDisposeScope() or DetachFromDisposeScope(), or make it again.";
}
