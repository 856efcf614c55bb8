using System.CommandLine;
using System.CommandLine.Parsing;
using HaloLab.Cli;
using HaloLab.Cli.Verbs;

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
catch (Exception exception) when (ExitCode.Of(exception) is { } end)
{
    Console.Error.WriteLine(end.Message);
    return end.Code;
}
