using System.CommandLine;

namespace HaloLab.Cli.Verbs;

/// <summary>How verbs that work without waiting for anything are called.</summary>
internal static class VerbWork
{
    /// <summary>
    /// Lets a command do work that ends in an exit code. The work runs beside the thread that parsed the command line: the parser listens for Ctrl-C only once a
    /// verb has given the thread back, and work that never does would be killed instead of asked to stop.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="work">Is given the command line, and a token that Ctrl-C cancels.</param>
    public static void SetWork(this Command command, Func<ParseResult, CancellationToken, int> work) =>
        command.SetAction((parsed, cancellation) => Task.Run(() => work(parsed, cancellation), CancellationToken.None));
}
