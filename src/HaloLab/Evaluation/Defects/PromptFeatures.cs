using System.Text.RegularExpressions;

namespace HaloLab.Evaluation.Defects;

/// <summary>What can be counted about a prompt without understanding it.</summary>
/// <param name="Words">Stretches between blanks.</param>
/// <param name="Characters">UTF-16 units without blanks around.</param>
/// <param name="Parts">One more than there are commas, semicolons and full stops inside the text and words "and"; ", and" counts once.</param>
public sealed partial record PromptFeatures(int Words, int Characters, int Parts)
{
    /// <summary>The features by name.</summary>
    public static IReadOnlyList<(string Name, Func<PromptFeatures, double> Value)> All { get; } =
        [("words of the prompt", features => features.Words), ("characters of the prompt", features => features.Characters), ("parts of the prompt", features => features.Parts)];

    public static PromptFeatures Of(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        string text = prompt.Trim();
        return new PromptFeatures(Blanks().Split(text).Count(word => word.Length > 0), text.Length, 1 + Joint().Count(text));
    }

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();

    [GeneratedRegex(@"[,;]\s*and(?=\s)|[,;](?=.)|\.(?=\s)|(?<=\s)and(?=\s)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Joint();
}
