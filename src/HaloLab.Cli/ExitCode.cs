using HaloLab.Optimisation;

namespace HaloLab.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>Our fault: an exception that nobody expected, with its stack.</summary>
    public const int Fault = 1;

    /// <summary>Your input: a message that says what to change.</summary>
    public const int Input = 2;

    /// <summary>A training no longer makes sense: a message that says what was seen.</summary>
    public const int Diverged = 3;

    /// <summary>Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;

    // What Linux calls ENOSPC; the runtime hands its numbers on as they are.
    private const int NoSpaceLeft = 28;

    /// <summary>What an exception that is no fault of ours ends the process with and what is said of it; null for any other.</summary>
    public static (int Code, string Message)? Of(Exception exception) => exception switch
    {
        InputException => (Input, exception.Message),
        IOException { HResult: NoSpaceLeft } => (Input, $"{exception.Message} Make room; the same command goes on from here."),
        DivergenceException => (Diverged, exception.Message),
        OperationCanceledException => (Interrupted, "Interrupted. The same command goes on from here."),
        _ => null,
    };
}
