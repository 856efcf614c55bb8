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
    private const int FramesShown = 5;
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

        advice = [.. advice];
        lines.AddRange(advice);
        lines.AddRange(advice.Any() ? [] : CellAdvice.OfCompilation(errors));
        return new CellError("CompilationError", string.Join(" ", advice.Prepend(Describe(errors[0]))), lines);
    }

    /// <summary>An exception that a cell threw: its causes, of its stack the lines of cells and what stands above them, and what to do where that is known.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="sourceLine">The text of a line of a file or cell, or null.</param>
    internal static CellError OfException(Exception exception, Func<string, int, string?> sourceLine)
    {
        Exception cause = Unwrap(exception);
        List<string> lines = [];
        for (Exception? one = cause; one is not null; one = one.InnerException is null ? null : Unwrap(one.InnerException))
        {
            lines.Add($"{(one == cause ? "" : "caused by ")}{one.GetType().FullName}: {Reason(one)}");
        }

        if (cause is InputException)
        {
            // The user's to mend: the message says everything.
            lines = [cause.Message];
        }

        lines.AddRange(Frames(cause, sourceLine));
        lines.AddRange(CellAdvice.OfException(cause));
        return new CellError(cause.GetType().FullName!, Reason(cause), lines);
    }

    /// <summary>The cause that torch gives, without the pages of its own stack.</summary>
    private static string Reason(Exception exception)
    {
        int stack = exception.Message.IndexOf("\nException raised from ", StringComparison.Ordinal);
        return stack < 0 ? exception.Message : exception.Message[..stack].TrimEnd();
    }

    private static Exception Unwrap(Exception exception) => exception switch
    {
        TargetInvocationException or TypeInitializationException when exception.InnerException is { } inner => Unwrap(inner),
        AggregateException { InnerExceptions: [Exception only] } => Unwrap(only),
        _ => exception,
    };

    private static List<string> Frames(Exception exception, Func<string, int, string?> sourceLine)
    {
        List<string> shown = [];
        foreach (StackFrame frame in new StackTrace(exception, fNeedFileInfo: true).GetFrames())
        {
            MethodBase? method = frame.GetMethod();
            string? file = frame.GetFileName();
            bool isOfCell = method?.DeclaringType?.FullName?.StartsWith("Submission#", StringComparison.Ordinal) == true;
            if (isOfCell && file is not null)
            {
                string? source = sourceLine(file, frame.GetFileLineNumber());
                string line = string.Create(CultureInfo.InvariantCulture, $"   {Path.GetFileName(file)}, line {frame.GetFileLineNumber()}{(source is null ? "" : ": ")}{source}");
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
