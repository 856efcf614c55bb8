namespace HaloLab.Cli.Recipes;

/// <summary>One step of a recipe: a verb as a user would call it.</summary>
/// <param name="Name">What <c>--set</c> calls it.</param>
/// <param name="Arguments">The verb and its arguments.</param>
/// <param name="Needs">Steps that must be done before it.</param>
internal sealed record RecipeStep(string Name, IReadOnlyList<string> Arguments, params IReadOnlyList<RecipeStep> Needs)
{
    /// <summary>The command line, quoted where a shell needs it.</summary>
    public override string ToString() => Shell(["halolab", .. Arguments]);

    /// <summary>A command line for a shell.</summary>
    public static string Shell(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(argument => argument.Length > 0 && argument.All(c => char.IsLetterOrDigit(c) || "-_./:=,+".Contains(c, StringComparison.Ordinal))
        ? argument
        : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
}
