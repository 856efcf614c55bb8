namespace HaloLab.Cli.Recipes;

/// <summary>An option of a step, as <c>--set</c> gives it.</summary>
/// <param name="Step">The step.</param>
/// <param name="Option">The option, with its dashes.</param>
/// <param name="Value">Its value; null for one that has none.</param>
internal sealed record StepOption(string Step, string Option, string? Value)
{
    /// <summary>Reads <c>STEP.OPTION=VALUE</c>, or <c>STEP.OPTION</c> for an option without a value.</summary>
    /// <exception cref="InputException">Something else, or an unknown step.</exception>
    public static StepOption Parse(string text)
    {
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string step = dot > 0 ? text[..dot] : "";
        string option = dot > 0 ? text[(dot + 1)..(equals > dot ? equals : text.Length)] : "";
        return Recipe.StepNames.Contains(step) && option.Length > 0
            ? new StepOption(step, "--" + option, equals > dot ? text[(equals + 1)..] : null)
            : throw new InputException($"--set {text}: expected STEP.OPTION=VALUE with one of the steps {string.Join(", ", Recipe.StepNames)}, for example train.steps=500.");
    }
}
