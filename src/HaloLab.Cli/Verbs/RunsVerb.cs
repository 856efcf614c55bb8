using System.CommandLine;
using HaloLab.Experiments.Runs;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab runs</c>: what was run, how runs differ, and their metrics for other programs.</summary>
internal static class RunsVerb
{
    public static Command Create() => new("runs", "What was run: list, look at one, compare several, export metrics.") { List(), Show(), Compare(), Export() };

    private static Command List()
    {
        Argument<DirectoryInfo> root = new("FOLDER") { Description = "Folder that holds runs.", DefaultValueFactory = _ => new DirectoryInfo("runs") };
        Command command = new("list", "The runs below a folder, the last changed first.") { root };
        command.SetWork((parsed, _) =>
        {
            IReadOnlyList<RunFolder> runs = RunFolder.Find(parsed.GetValue(root)!.ToString());
            Console.WriteLine(runs.Count == 0 ? $"No runs below {parsed.GetValue(root)}." : RunComparison.Table(runs).ToText());
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Show()
    {
        Argument<string> folder = new("RUN") { Description = "Folder of a run." };
        Command command = new("show", "What a run was asked for, its stages, and what was trained.") { folder };
        command.SetWork((parsed, _) =>
        {
            RunFolder run = RunFolder.Open(parsed.GetRequiredValue(folder));
            Console.WriteLine(RunComparison.Table([run]).ToText());
            foreach ((string name, string value) in run.Facts)
            {
                Console.WriteLine($"{name}: {value}");
            }

            Console.WriteLine($"finished stages: {string.Join(", ", run.Stages)}");
            foreach (RunTraining training in run.Trainings)
            {
                Console.WriteLine($"{training.Name}: {training.Steps} steps{(training.IsFinished ? "" : " so far")}; last {string.Join(", ", training.Metrics.Select(metric => FormattableString.Invariant($"{metric} {training.Last(metric):g4}")))}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command Compare()
    {
        Argument<string[]> folders = new("RUN") { Description = "Folders of runs.", Arity = ArgumentArity.OneOrMore };
        Option<string?> training = new("--training") { Description = "Only curves of trainings whose stage's name holds this, for example halo." };
        Option<FileInfo> page = new("--out") { Description = "Page to write.", DefaultValueFactory = _ => new FileInfo(Path.Combine("runs", "compare.html")) };
        Command command = new("compare", "What differs in how runs were asked for, and a page with the clips that they sampled side by side and the curves of what they trained in one chart for each metric.") { folders, training, page };
        command.SetWork((parsed, cancellation) =>
        {
            RunComparison comparison = new([.. parsed.GetRequiredValue(folders).Select(RunFolder.Open)], parsed.GetValue(training));
            Console.WriteLine(comparison.Differences().ToText());
            string path = parsed.GetValue(page)!.ToString();
            comparison.Page(cancellation).Write(path);
            Console.WriteLine(path);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Export()
    {
        Argument<string> folder = new("RUN") { Description = "Folder of a run." };
        Option<DirectoryInfo> output = new("--out") { Description = "Folder to write to.", Required = true };
        Command command = new("export", "Metrics of what a run trained, a CSV file and an event file for TensorBoard for each training; clips of watched trainings, at most 224 pixels wide, for TensorBoard.") { folder, output };
        command.SetWork((parsed, cancellation) =>
        {
            string target = parsed.GetRequiredValue(output).ToString();
            RunExport.Write(RunFolder.Open(parsed.GetRequiredValue(folder)), target, cancellation);
            Console.WriteLine(target);
            return ExitCode.Done;
        });
        return command;
    }
}
