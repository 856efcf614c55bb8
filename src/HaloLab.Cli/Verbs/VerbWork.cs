using System.CommandLine;
using HaloLab.Optimisation;
using HaloLab.Scaling;

namespace HaloLab.Cli.Verbs;

/// <summary>How verbs that work without waiting for anything are called.</summary>
internal static class VerbWork
{
    // What all ranks find wrong, the first one says, and ends the others within this time.
    private static readonly TimeSpan FirstWord = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Lets a command do work that ends in an exit code. The work runs beside the thread that parsed the command line: the parser listens for Ctrl-C only once a
    /// verb has given the thread back, and work that never does would be killed instead of asked to stop.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="work">Is given the command line, and a token that Ctrl-C cancels.</param>
    public static void SetWork(this Command command, Func<ParseResult, CancellationToken, int> work) =>
        command.SetAction((parsed, cancellation) => Task.Run(() => work(parsed, cancellation), CancellationToken.None));

    /// <summary>The same for work that several ranks may do together. One that fails ends them all.</summary>
    /// <param name="command">The command.</param>
    /// <param name="work">Is given the command line, the ranks, and a token that Ctrl-C cancels.</param>
    public static void SetWorkOfRanks(this Command command, Func<ParseResult, Communicator, CancellationToken, int> work) => command.SetWork((parsed, cancellation) =>
    {
        Communicator ranks = Communicator.OfThisProcess(Environment.GetEnvironmentVariable, Console.Error.WriteLine);
        try
        {
            int code = work(parsed, ranks, cancellation);
            ranks.Leave();
            return code;
        }
        catch (Exception exception) when (ranks.Size > 1)
        {
            (int code, string message) = ExitCode.Of(exception) ?? (ExitCode.Fault, exception.ToString());
            if (exception is DivergenceException || ranks.HasAgreedToStop)
            {
                // Metrics and stops are the same on all ranks, so all are here.
                ranks.Say(message);
                ranks.Leave();
                return code;
            }

            if (!ranks.IsFirst && cancellation.WaitHandle.WaitOne(FirstWord))
            {
                // It ended the job, and this rank with it.
                return code;
            }

            Console.Error.WriteLine(FormattableString.Invariant($"Rank {ranks.Rank} of {ranks.Size}: {message}"));
            ranks.Abort(code);
            return code;
        }
    });
}
