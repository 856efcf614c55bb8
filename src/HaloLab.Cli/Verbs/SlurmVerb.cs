using System.CommandLine;
using System.Diagnostics;
using HaloLab.Cli.Recipes;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab slurm</c>: the steps of <c>halolab run</c> as jobs of a cluster.</summary>
internal static class SlurmVerb
{
    /// <param name="root">The program, whose verbs are the steps.</param>
    public static Command Create(RootCommand root) => new("slurm", "HALO with real parts on a cluster with Slurm: the steps of `halolab run` as jobs that wait for each other, those over many clips as job arrays.")
    {
        CreateOne(root, "write", "Write the scripts for sbatch into OUT/slurm and submit nothing: look at them, then run OUT/slurm/submit.sh.", submits: false),
        CreateOne(root, "submit", "Write the scripts for sbatch into OUT/slurm and submit them. Submitted again, every step finds what is done and goes on from there.", submits: true),
    };

    private static Command CreateOne(RootCommand root, string name, string description, bool submits)
    {
        Command command = new(name, description);
        RecipeOptions recipe = new();
        recipe.AddTo(command);
        Option<int> tasks = new("--tasks") { Description = "Tasks of each job array: candidates, labels, scores and clips of held-out prompts.", DefaultValueFactory = _ => 8 };
        Option<int> ranks = new("--ranks") { Description = "Ranks of each training (docs/scaling.md); train.batch-pairs is the batch of all together.", DefaultValueFactory = _ => 1 };
        Option<string> mpi = new("--mpi") { Description = "Slurm's plugin for ranks, as `srun --mpi=list` names it: pmix or pmi2.", DefaultValueFactory = _ => "pmix" };
        Option<string[]> sbatch = new("--sbatch") { Description = "OPTION=VALUE of sbatch, or STEP.OPTION=VALUE for the jobs of one step, for example partition=gpu or train.gres=gpu:8; may be given several times." };
        foreach (Option option in (Option[])[tasks, ranks, mpi, sbatch])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellation) =>
        {
            RecipeOptions.AskedRecipe asked = recipe.Read(parsed, root);
            SlurmOptions options = new(AtLeastOne(parsed, tasks), AtLeastOne(parsed, ranks), parsed.GetValue(mpi)!, [.. (parsed.GetValue(sbatch) ?? []).Select(SlurmOptions.Parse)]);
            SlurmScripts scripts = new(Path.Combine(asked.Inputs.Folder, "slurm"), Program(), options);
            string script = scripts.Write([.. asked.Steps.Select(item => item.Step)]);
            if (submits)
            {
                await SubmitAsync(script, cancellation);
            }
            else
            {
                Console.WriteLine(script);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static int AtLeastOne(ParseResult parsed, Option<int> option) => parsed.GetValue(option) is int number and >= 1
        ? number
        : throw new InputException(FormattableString.Invariant($"{option.Name} {parsed.GetValue(option)}: expected at least 1."));

    /// <summary>How this program was started: by its own file, or by dotnet.</summary>
    private static string[] Program()
    {
        string process = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(process) == "dotnet" ? [process, Environment.GetCommandLineArgs()[0]] : [process];
    }

    private static async Task SubmitAsync(string script, CancellationToken cancellation)
    {
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "sbatch"))))
        {
            throw new InputException($"sbatch is not on the PATH: this is no machine of a Slurm cluster. The scripts are written; run {script} on one that is.");
        }

        using Process submit = Process.Start("bash", [script]);
        await submit.WaitForExitAsync(cancellation);
        if (submit.ExitCode != 0)
        {
            throw new InputException($"{script}: sbatch refused a step (above). What was submitted before it stays queued: `scancel` takes it back.");
        }
    }
}
