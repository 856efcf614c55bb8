using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace HaloLab.Notebooks.Scripting;

/// <summary>Why a cell failed: the cause, the line of the cell, what to do where that is known; never a page of stack.</summary>
/// <param name="Name">Kind of the error: an exception's type, <c>CompilationError</c>, <c>Interrupted</c>.</param>
/// <param name="Message">The cause.</param>
/// <param name="Trace">Lines to show.</param>
public sealed record CellError(string Name, string Message, IReadOnlyList<string> Trace)
{
    public const string InterruptedName = "Interrupted";
    private const int FramesShown = 8;
    private const int DiagnosticsShown = 10;

    internal static CellError Interrupted(bool wasAborted) => new(
        InterruptedName,
        wasAborted ? "The cell was stopped in the middle; objects that it was changing may be half changed." : "The cell was interrupted.",
        [wasAborted ? "Interrupted: the cell was stopped in the middle; objects that it was changing may be half changed." : "Interrupted."]);

    internal static CellError Of(string name, string message) => new(name, message, [$"{name}: {message}"]);

    /// <summary>The errors of a cell that does not compile, each with its line and a mark below the place.</summary>
    internal static CellError OfCompilation(IEnumerable<Diagnostic> diagnostics, IEnumerable<string> advice)
    {
        List<string> lines = [];
        List<Diagnostic> errors = [.. diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)];
        foreach (Diagnostic error in errors.Take(DiagnosticsShown))
        {
            lines.Add(Describe(error));
            if (error.Location.IsInSource)
            {
                TextSpan span = error.Location.SourceSpan;
                TextLine line = error.Location.SourceTree!.GetText().Lines.GetLineFromPosition(span.Start);
                lines.Add("    " + line);
                int length = Math.Max(1, Math.Min(span.End, line.End) - span.Start);
                lines.Add("    " + new string(' ', span.Start - line.Start) + new string('^', length));
            }
        }

        if (errors.Count > DiagnosticsShown)
        {
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"and {errors.Count - DiagnosticsShown} more"));
        }

        lines.AddRange(advice);
        return new CellError("CompilationError", string.Join(" ", advice.Prepend(Describe(errors[0]))), lines);
    }

    /// <summary>An exception that a cell threw: its causes, and of its stack the lines of cells and what stands above them.</summary>
    internal static CellError OfException(Exception exception)
    {
        Exception cause = Unwrap(exception);
        List<string> lines = [];
        for (Exception? one = cause; one is not null; one = one.InnerException is null ? null : Unwrap(one.InnerException))
        {
            lines.Add($"{(one == cause ? "" : "caused by ")}{one.GetType().FullName}: {one.Message}");
        }

        if (cause is InputException)
        {
            // The user's to mend: the message says everything.
            lines = [cause.Message];
        }

        lines.AddRange(Frames(cause));
        return new CellError(cause.GetType().FullName!, cause.Message, lines);
    }

    private static Exception Unwrap(Exception exception) => exception switch
    {
        TargetInvocationException or TypeInitializationException when exception.InnerException is { } inner => Unwrap(inner),
        AggregateException { InnerExceptions: [Exception only] } => Unwrap(only),
        _ => exception,
    };

    private static List<string> Frames(Exception exception)
    {
        List<string> shown = [];
        foreach (StackFrame frame in new StackTrace(exception, fNeedFileInfo: true).GetFrames())
        {
            MethodBase? method = frame.GetMethod();
            string? file = frame.GetFileName();
            bool isOfCell = method?.DeclaringType?.FullName?.StartsWith("Submission#", StringComparison.Ordinal) == true;
            if (isOfCell && file is not null)
            {
                string line = string.Create(CultureInfo.InvariantCulture, $"   {Path.GetFileName(file)}, line {frame.GetFileLineNumber()}");
                if (!shown.Contains(line))
                {
                    shown.Add(line);
                }
            }
            else if (method is not null && !isOfCell && shown.Count < FramesShown && IsWorthShowing(method))
            {
                shown.Add($"   at {method.DeclaringType?.FullName}.{method.Name}");
            }
        }

        return shown;
    }

    /// <summary>Not the machinery of scripting, of tasks and of rethrowing.</summary>
    private static bool IsWorthShowing(MethodBase method)
    {
        string type = method.DeclaringType?.FullName ?? "";
        return !type.StartsWith("Microsoft.CodeAnalysis.", StringComparison.Ordinal)
            && !type.StartsWith("System.Runtime.", StringComparison.Ordinal)
            && !type.StartsWith("System.Threading.", StringComparison.Ordinal)
            && !type.StartsWith("HaloLab.Notebooks.Scripting.", StringComparison.Ordinal);
    }

    private static string Describe(Diagnostic error)
    {
        FileLinePositionSpan span = error.Location.GetLineSpan();
        string place = error.Location.IsInSource
            ? string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(span.Path)}, line {span.StartLinePosition.Line + 1}, column {span.StartLinePosition.Character + 1}: ")
            : "";
        return $"{place}{error.Id}: {error.GetMessage(CultureInfo.InvariantCulture)}";
    }
}
