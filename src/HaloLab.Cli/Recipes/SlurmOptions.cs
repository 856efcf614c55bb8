namespace HaloLab.Cli.Recipes;

/// <summary>What is asked of Slurm for a recipe.</summary>
/// <param name="Tasks">Tasks of a job array, at least 1.</param>
/// <param name="Ranks">Ranks of a training, at least 1.</param>
/// <param name="Mpi">Slurm's plugin that tells the ranks of each other: pmix or pmi2.</param>
/// <param name="Given">Options of sbatch in order; those without a step are for all.</param>
internal sealed record SlurmOptions(int Tasks, int Ranks, string Mpi, IReadOnlyList<(string? Step, string Option)> Given)
{
    /// <summary>Reads <c>OPTION[=VALUE]</c> or <c>STEP.OPTION[=VALUE]</c>, with the option's dashes or without.</summary>
    /// <exception cref="InputException">There is no option.</exception>
    public static (string? Step, string Option) Parse(string text)
    {
        string? step = Recipe.StepNames.Append(Recipe.Import).FirstOrDefault(name => text.StartsWith(name + ".", StringComparison.Ordinal));
        string option = (step is null ? text : text[(step.Length + 1)..]).TrimStart('-');
        return option.Length > 0 && !option.Contains('\n', StringComparison.Ordinal)
            ? (step, "--" + option)
            : throw new InputException($"--sbatch {text}: expected an option of sbatch, for example time=04:00:00, or train.gres=gpu:8 for one of the steps {string.Join(", ", Recipe.StepNames)}.");
    }

    /// <summary>The options for a step.</summary>
    public IEnumerable<string> OfStep(string step) => Given.Where(given => given.Step is null || given.Step == step).Select(given => given.Option);
}
