using System.CommandLine;
using HaloLab.Cli.Doctor;
using Spectre.Console;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab doctor</c>: is this machine fit, and which command mends what is missing?</summary>
internal static class DoctorVerb
{
    public static Command Create()
    {
        Command command = new("doctor", "Check the SDK, native torch and its C++ runtime, cores, memory, disk, ffmpeg, Jupyter, MPI and GPU; say how to mend what is missing.");
        command.SetAction(async (_, cancellation) => Show(await MachineCheck.RunAsync(cancellation)));
        return command;
    }

    private static int Show(IReadOnlyList<Finding> findings)
    {
        foreach (Finding finding in findings)
        {
            // Plain lines, never wrapped or cut: the commands are there to be copied.
            string mark = finding.State switch { FindingState.Fine => "[green]ok[/]", FindingState.Optional => "[yellow]--[/]", _ => "[red]NO[/]" };
            AnsiConsole.Markup(mark);
            Console.WriteLine($"  {finding.Thing,-13} {finding.What}");
            if (finding.Fix.Length > 0)
            {
                Console.WriteLine($"{"",-18}→ {finding.Fix}");
            }
        }

        bool isFit = findings.All(finding => finding.State != FindingState.Needed);
        Console.WriteLine(isFit ? "This machine is fit: `halolab reproduce` will run." : "Mend what is marked NO first.");
        return isFit ? ExitCode.Done : ExitCode.Fault;
    }
}
