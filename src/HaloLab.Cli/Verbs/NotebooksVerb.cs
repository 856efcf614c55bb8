using System.CommandLine;
using HaloLab.Cli.Progress;
using HaloLab.Notebooks.Documents;
using HaloLab.Notebooks.Running;
using HaloLab.ToyWorld.Reproduction;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab notebooks</c>: run them without Jupyter, keep them clean in git, turn them into programs.</summary>
internal static class NotebooksVerb
{
    private const double DefaultTimeout = 3600;

    public static Command Create() => new("notebooks", "Run notebooks without Jupyter, strip and check them, or turn one into a program.") { Run(), RunCells(), Strip(), Check(), Export() };

    private static Argument<string[]> Files() => new("FILES")
    {
        Description = "Notebooks, or folders of them. Default: notebooks.",
        Arity = ArgumentArity.ZeroOrMore,
        DefaultValueFactory = _ => ["notebooks"],
    };

    private static Command Run()
    {
        Command command = new("run", "Run notebooks, each in a process of its own; write each with its results as .ipynb and as one page of HTML. Goes on after the last good notebook.");
        Argument<string[]> files = Files();
        Option<string[]> set = new("--set") { Description = "NAME=VALUE: a parameter (a variable of the cell tagged 'parameters'), for every notebook that has it; may be given several times." };
        Option<string?> preset = new("--preset") { Description = "quick, full or smoke: short for --set preset=…" };
        preset.AcceptOnlyFromAmong([.. ReproductionSettings.Presets.Keys]);
        Option<DirectoryInfo> output = new("--out") { Description = "Folder to write to.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "notebooks")) };
        Option<double> timeout = new("--timeout") { Description = "Seconds that one cell may take.", DefaultValueFactory = _ => DefaultTimeout };
        command.Arguments.Add(files);
        command.Options.Add(set);
        command.Options.Add(preset);
        command.Options.Add(output);
        command.Options.Add(timeout);
        command.SetWork((parsed, cancellation) =>
        {
            double seconds = parsed.GetValue(timeout);
            if (seconds is not (> 0 and <= 1e6))
            {
                throw new InputException($"--timeout {seconds}: expected seconds, more than 0 and at most 1000000.");
            }

            IReadOnlyList<Notebook> notebooks = Notebook.ReadAll(parsed.GetValue(files)!);
            NotebookRunner runner = new(KernelVerb.Program, parsed.GetValue(output)!.FullName, TimeSpan.FromSeconds(seconds));
            Dictionary<string, string> parameters = Parameters(parsed.GetValue(set) ?? []);
            if (parsed.GetValue(preset) is { } name)
            {
                parameters["preset"] = name;
            }

            RunDisplay.Show(progress =>
            {
                runner.Run(notebooks, parameters, progress, cancellation);
                return true;
            });
            foreach (Notebook notebook in notebooks)
            {
                Console.WriteLine(runner.Page(notebook));
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command RunCells()
    {
        Command command = new("run-cells", "Run the cells that come on stdin; `notebooks run` calls this.") { Hidden = true };
        Argument<string> pipe = new("PIPE");
        command.Arguments.Add(pipe);
        command.SetAction(parsed =>
        {
            CellRunner.Run(parsed.GetValue(pipe)!);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Strip()
    {
        Command command = new("strip", "Take outputs, execution counts and marks of front ends out of notebooks, in place.");
        Argument<string[]> files = Files();
        command.Arguments.Add(files);
        command.SetAction(parsed =>
        {
            foreach (Notebook notebook in Notebook.ReadAll(parsed.GetValue(files)!))
            {
                notebook.Strip();
                if (notebook.ToText() != File.ReadAllText(notebook.Path))
                {
                    notebook.Write(notebook.Path);
                    Console.WriteLine(notebook.Path);
                }
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command Check()
    {
        Command command = new("check", "Check notebooks: valid format, no outputs, links that lead somewhere, cells that compile. Exit code 2 when one does not hold.");
        Argument<string[]> files = Files();
        Option<bool> run = new("--run") { Description = "Run them too." };
        Option<double> timeout = new("--timeout") { Description = "With --run: seconds that one cell may take.", DefaultValueFactory = _ => DefaultTimeout };
        command.Arguments.Add(files);
        command.Options.Add(run);
        command.Options.Add(timeout);
        command.SetWork((parsed, cancellation) =>
        {
            string[] paths = [.. parsed.GetValue(files)!.SelectMany(path => Directory.Exists(path) ? Directory.GetFiles(path, "*.ipynb").Order(StringComparer.Ordinal) : Enumerable.Repeat(path, 1))];
            List<string> problems = [];
            foreach (string path in paths)
            {
                cancellation.ThrowIfCancellationRequested();
                problems.AddRange(NotebookCheck.Problems(path, Console.Error.WriteLine));
            }

            if (problems.Count > 0)
            {
                throw new InputException(string.Join('\n', problems));
            }

            if (parsed.GetValue(run))
            {
                RunInPassing(paths, TimeSpan.FromSeconds(parsed.GetValue(timeout)), cancellation);
            }

            Console.WriteLine($"{paths.Length} notebooks are in order.");
            return ExitCode.Done;
        });
        return command;
    }

    private static void RunInPassing(string[] paths, TimeSpan timeout, CancellationToken cancellation)
    {
        DirectoryInfo output = Directory.CreateTempSubdirectory("halolab-check");
        try
        {
            NotebookRunner runner = new(KernelVerb.Program, output.FullName, timeout);
            RunDisplay.Show(progress =>
            {
                runner.Run(Notebook.ReadAll(paths), new Dictionary<string, string>(), progress, cancellation);
                return true;
            });
        }
        finally
        {
            output.Delete(recursive: true);
        }
    }

    private static Command Export()
    {
        Command command = new("export", "Write a notebook as a program of one file, which `dotnet run FILE.cs` runs without any kernel.");
        Argument<string> file = new("FILE") { Description = "The notebook." };
        Option<string?> output = new("--out") { Description = "The program. Default: beside the notebook, with the ending .cs." };
        command.Arguments.Add(file);
        command.Options.Add(output);
        command.SetAction(parsed =>
        {
            Notebook notebook = Notebook.Read(parsed.GetValue(file)!);
            string target = parsed.GetValue(output) ?? Path.ChangeExtension(notebook.Path, ".cs");
            NotebookExport.Write(notebook, target, Console.Error.WriteLine);
            Console.WriteLine(target);
            return ExitCode.Done;
        });
        return command;
    }

    private static Dictionary<string, string> Parameters(string[] given)
    {
        Dictionary<string, string> parameters = [];
        foreach (string one in given)
        {
            int sign = one.IndexOf('=', StringComparison.Ordinal);
            if (sign <= 0)
            {
                throw new InputException($"--set {one}: expected NAME=VALUE.");
            }

            parameters[one[..sign]] = one[(sign + 1)..];
        }

        return parameters;
    }
}
