using System.CommandLine;
using System.CommandLine.Parsing;
using HaloLab;
using HaloLab.Cli;
using HaloLab.Cli.Verbs;
using HaloLab.Optimisation;

// What Linux calls ENOSPC; the runtime hands its numbers on as they are.
const int NoSpaceLeft = 28;

ParseResult parsed = HaloLabCommand.Create().Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (ParseError error in parsed.Errors)
    {
        Console.Error.WriteLine(error.Message);
    }

    Console.Error.WriteLine("See --help.");
    return ExitCode.Input;
}

try
{
    // A verb saves and stops within seconds of Ctrl-C; a library call that never comes back is cut off after half a minute.
    InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
    return await parsed.InvokeAsync(configuration);
}
catch (InputException exception)
{
    Console.Error.WriteLine(exception.Message);
    return ExitCode.Input;
}
catch (DivergenceException exception)
{
    Console.Error.WriteLine(exception.Message);
    return ExitCode.Diverged;
}
catch (IOException exception) when (exception.HResult == NoSpaceLeft)
{
    Console.Error.WriteLine($"{exception.Message} Make room; the same command goes on from here.");
    return ExitCode.Input;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("Interrupted. The same command goes on from here.");
    return ExitCode.Interrupted;
}
