using System.Globalization;
using System.Text;
using HaloLab.Distillation;
using HaloLab.Scaling;

namespace HaloLab.Cli.Recipes;

/// <summary>
/// A recipe's steps as scripts of Slurm's sbatch: one for each, and <c>submit.sh</c>, which submits them all, each to begin when those that it needs are done. Steps over many clips are job arrays whose tasks
/// share them (<see cref="Shard"/>); training is one job of several ranks.
/// </summary>
/// <param name="folder">Where they go; their logs go below it.</param>
/// <param name="program">How the program is started, words of a command line.</param>
/// <param name="options">What is asked of Slurm.</param>
internal sealed class SlurmScripts(string folder, IReadOnlyList<string> program, SlurmOptions options)
{
    /// <summary>The script that submits the others.</summary>
    public const string SubmitFile = "submit.sh";

    // A step saves and stops within seconds when it is told to, the slowest after a training step.
    private const int SecondsBeforeTheEnd = 120;

    private static readonly string[] Scored = [Recipe.Pairs, Recipe.Evaluate];
    private static readonly string[] Sharded = [Recipe.Generate, Recipe.Label, Recipe.Test];

    /// <summary>Writes the scripts.</summary>
    /// <param name="steps">The recipe's steps, each behind those that it needs.</param>
    /// <returns>The path of <see cref="SubmitFile"/>.</returns>
    public string Write(IReadOnlyList<RecipeStep> steps)
    {
        Directory.CreateDirectory(Path.Combine(folder, "logs"));
        StringBuilder submit = new();
        submit.Append("#!/bin/bash\n# Submits the steps of the recipe; each begins when those that it needs are done, and is cancelled when one of them fails.\n# Submitted again, every step finds what is done and goes on from there.\nset -euo pipefail\ncd \"$(dirname \"$0\")\"\n");
        Dictionary<RecipeStep, string> jobs = new(ReferenceEqualityComparer.Instance);
        foreach ((int i, RecipeStep step) in steps.Index())
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{i + 1:00}-{step.Name}");
            string[] needs = [.. step.Needs.Select(needed => jobs[needed])];

            // Scores are made by a job array, and put together by what is as a whole one job.
            if (options.Tasks > 1 && Scored.Contains(step.Name))
            {
                string scores = name + "-scores";
                WriteScript(scores, step.Name, options.Tasks, 1, [Line(1, [.. step.Arguments, "--shard", "slurm"])]);
                needs = [Submit(submit, scores, "scores", i, needs)];
            }

            WriteScript(name, step);
            jobs.Add(step, Submit(submit, name, "job", i, needs));
        }

        string path = Path.Combine(folder, SubmitFile);
        AtomicFile.WriteAllText(path, submit.ToString());
        return path;
    }

    private static string Submit(StringBuilder submit, string script, string kind, int step, string[] needs)
    {
        string job = string.Create(CultureInfo.InvariantCulture, $"{kind}{step + 1}");
        string dependency = needs.Length == 0 ? "" : $" --dependency=afterok:{string.Join(':', needs.Select(needed => "$" + needed))} --kill-on-invalid-dep=yes";
        submit.Append(CultureInfo.InvariantCulture, $"{job}=$(sbatch --parsable{dependency} {script}.sh)\necho \"${job} {script}\"\n");
        return job;
    }

    private void WriteScript(string name, RecipeStep step)
    {
        int tasks = Sharded.Contains(step.Name) ? options.Tasks : 1;
        int ranks = step.Name == Recipe.Train ? options.Ranks : 1;
        IEnumerable<string> lines = tasks > 1 ? [Line(1, [.. step.Arguments, "--shard", "slurm"])]
            : step.Name == Recipe.Import && options.Tasks > 1 ? new Shard(0, options.Tasks).All.Select(shard => ImportOf(shard, step))
            : [Line(ranks, step.Arguments)];
        WriteScript(name, step.Name, tasks, ranks, lines);
    }

    /// <summary>The labels of one task; with fewer prompts than tasks some have none.</summary>
    private string ImportOf(Shard shard, RecipeStep step)
    {
        string whole = step.Arguments.Single(argument => Path.GetFileName(argument) == LabelRun.LabelsFile);
        string part = Path.Combine(Path.GetDirectoryName(whole)!, "shards", shard.ToString(), LabelRun.LabelsFile);
        return $"[ ! -e {RecipeStep.Shell([part])} ] || {Line(1, [.. step.Arguments.Select(argument => argument == whole ? part : argument)])}";
    }

    private string Line(int ranks, IEnumerable<string> arguments) =>
        RecipeStep.Shell(["srun", .. ranks > 1 ? [$"--mpi={options.Mpi}", "--kill-on-bad-exit=1"] : Array.Empty<string>(), .. program, .. arguments]);

    private void WriteScript(string name, string step, int tasks, int ranks, IEnumerable<string> lines)
    {
        List<string> directives =
        [
            $"--job-name=halolab-{name}",
            $"--output=\"{Path.Combine(folder, "logs", name)}-{(tasks > 1 ? "%A-%a" : "%j")}.log\"",
            string.Create(CultureInfo.InvariantCulture, $"--ntasks={ranks}"),
            string.Create(CultureInfo.InvariantCulture, $"--signal=TERM@{SecondsBeforeTheEnd}"),
            "--requeue",
            "--open-mode=append",
        ];
        if (tasks > 1)
        {
            directives.Add(string.Create(CultureInfo.InvariantCulture, $"--array=1-{tasks}"));
        }

        directives.AddRange(options.OfStep(step));
        AtomicFile.WriteAllText(Path.Combine(folder, name + ".sh"), $"#!/bin/bash\n{string.Concat(directives.Select(directive => $"#SBATCH {directive}\n"))}set -euo pipefail\n{string.Concat(lines.Select(line => line + "\n"))}");
    }
}
