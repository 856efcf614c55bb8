namespace HaloLab.Cli.Recipes;

/// <summary>One step of a recipe: a verb as a user would call it.</summary>
/// <param name="Name">What <c>--set</c> calls it.</param>
/// <param name="Arguments">The verb and its arguments.</param>
internal sealed record RecipeStep(string Name, IReadOnlyList<string> Arguments)
{
    /// <summary>The command line, quoted where a shell needs it.</summary>
    public override string ToString() => "halolab " + string.Join(' ', Arguments.Select(argument => argument.Length > 0 && argument.All(c => char.IsLetterOrDigit(c) || "-_./:=,+".Contains(c, StringComparison.Ordinal))
        ? argument
        : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
}
