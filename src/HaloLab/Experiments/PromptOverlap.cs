using System.Text.RegularExpressions;

namespace HaloLab.Experiments;

/// <summary>Whether prompts that a model is judged by are among those that it was trained on, word for word or nearly.</summary>
public static partial class PromptOverlap
{
    /// <summary>Prompts that share this part of all their different words are nearly the same.</summary>
    public const double Near = 0.8;

    /// <summary>Every test prompt that is, up to case and punctuation, a training prompt or nearly one, with the nearest of these.</summary>
    /// <param name="training">Prompts that are trained on.</param>
    /// <param name="test">Prompts that are judged by.</param>
    public static IReadOnlyList<(string Test, string Training)> Find(IEnumerable<string> training, IEnumerable<string> test)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(test);
        (string Prompt, HashSet<string> Words)[] known = [.. training.Select(prompt => (prompt, WordsOf(prompt)))];
        List<(string Test, string Training)> found = [];
        foreach (string prompt in known.Length == 0 ? [] : test)
        {
            HashSet<string> words = WordsOf(prompt);
            (string nearest, double shared) = known.Select(item => (item.Prompt, Shared(item.Words, words))).MaxBy(item => item.Item2);
            if (shared >= Near)
            {
                found.Add((prompt, nearest));
            }
        }

        return found;
    }

    /// <summary>Jaccard's index: words of both, of the words of either.</summary>
    private static double Shared(HashSet<string> one, HashSet<string> other)
    {
        int both = one.Count(other.Contains);
        return (double)both / Math.Max(1, one.Count + other.Count - both);
    }

    private static HashSet<string> WordsOf(string prompt) => [.. Word().Matches(prompt.ToLowerInvariant()).Select(match => match.Value)];

    [GeneratedRegex(@"[\p{L}\p{N}]+", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
