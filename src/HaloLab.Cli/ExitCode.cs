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
}
