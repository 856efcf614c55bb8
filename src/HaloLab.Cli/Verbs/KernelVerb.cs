using System.CommandLine;
using System.Globalization;
using HaloLab.Notebooks;
using HaloLab.Notebooks.Kernel;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab kernel</c>: C# for Jupyter, JupyterLab and VS Code.</summary>
internal static class KernelVerb
{
    /// <summary>File name of this program's assembly, which Jupyter starts.</summary>
    public const string Program = "HaloLab.Cli.dll";

    public static Command Create() => new("kernel", "Install the C# kernel for Jupyter and VS Code, or take it out.") { Install(), Run(), Uninstall() };

    private static Command Install()
    {
        Command command = new("install", $"Let Jupyter and VS Code find the kernel \"{KernelSpec.DisplayName}\". It serves this build, and is found by notebooks made for .NET Interactive too.");
        command.SetAction(_ =>
        {
            foreach (string folder in KernelSpec.Install(KernelSpec.UserFolder(), Path.Combine(AppContext.BaseDirectory, Program)))
            {
                Console.WriteLine(folder);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command Uninstall()
    {
        Command command = new("uninstall", "Take the kernel out again.");
        command.SetAction(_ =>
        {
            IReadOnlyList<string> deleted = KernelSpec.Uninstall(KernelSpec.UserFolder());
            Console.WriteLine(deleted.Count == 0 ? $"The kernel is not installed in {KernelSpec.UserFolder()}." : "deleted " + string.Join(", ", deleted));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Run()
    {
        Command command = new("run", "Serve one notebook; Jupyter calls this.");
        Argument<string> connection = new("CONNECTION-FILE") { Description = "The file that Jupyter wrote." };
        command.Arguments.Add(connection);

        // Not asynchronous: Ctrl-C is for the running cell and must not end the process.
        command.SetAction(parsed =>
        {
            string file = parsed.GetValue(connection)!;
            if (!ProgramCopy.IsCopy)
            {
                ProgramCopy.BecomeCopy(Program, "kernel", "run", file);
            }

            ProgramCopy.Hold();
            if (int.TryParse(Environment.GetEnvironmentVariable("JPY_PARENT_PID"), CultureInfo.InvariantCulture, out int frontEnd))
            {
                ParentWatch.Start(frontEnd);
            }

            using JupyterKernel kernel = new(file, Environment.CurrentDirectory);
            kernel.Run();
            return ExitCode.Done;
        });
        return command;
    }
}
