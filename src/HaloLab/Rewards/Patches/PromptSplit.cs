using HaloLab.Statistics;

namespace HaloLab.Rewards.Patches;

/// <summary>
/// Clips to learn from, to stop by, and to judge by, split by prompt: clips of one prompt stay together, and so do prompts that share a clip, so that nothing that is judged
/// was learned from.
/// </summary>
/// <param name="Training">Places of the clips that are trained on.</param>
/// <param name="Validation">Places of those whose agreement ends the training.</param>
/// <param name="Test">Places of those that the result is measured on.</param>
public sealed record PromptSplit(IReadOnlySet<int> Training, IReadOnlySet<int> Validation, IReadOnlySet<int> Test)
{
    private const int Parts = 3;

    /// <summary>Splits clips.</summary>
    /// <param name="clips">The clips.</param>
    /// <param name="validationShare">Share of prompts to stop by, above 0.</param>
    /// <param name="testShare">Share of prompts to judge by, above 0; both together below 1. Each part gets at least one.</param>
    /// <param name="runSeed">Seed of the draw.</param>
    /// <exception cref="InputException">There are fewer than three groups of prompts, or the shares leave nothing.</exception>
    public static PromptSplit Of(IReadOnlyList<LabelledClip> clips, double validationShare, double testShare, long runSeed)
    {
        ArgumentNullException.ThrowIfNull(clips);
        if (!(validationShare > 0 && testShare > 0 && validationShare + testShare < 1))
        {
            throw new InputException(FormattableString.Invariant($"Shares of {validationShare} (validation) and {testShare} (test): expected both above 0 and their sum below 1."));
        }

        int[][] groups = Groups(clips);
        if (groups.Length < Parts)
        {
            throw new InputException($"The labels are about {clips.Select(clip => clip.Prompt).Distinct().Count()} prompts in {groups.Length} groups that share no clip. Expected at least {Parts}: one to learn from, one to stop by, one to judge by.");
        }

        new RandomStream(runSeed, "reward training, split of prompts").Shuffle(groups);
        int test = Math.Clamp((int)Math.Round(testShare * groups.Length), 1, groups.Length - 2);
        int validation = Math.Clamp((int)Math.Round(validationShare * groups.Length), 1, groups.Length - test - 1);
        return new PromptSplit(
            groups[(test + validation)..].SelectMany(group => group).ToHashSet(),
            groups[test..(test + validation)].SelectMany(group => group).ToHashSet(),
            groups[..test].SelectMany(group => group).ToHashSet());
    }

    /// <summary>Clips by prompt, prompts with a clip in common together, in the order of their first clips.</summary>
    private static int[][] Groups(IReadOnlyList<LabelledClip> clips)
    {
        int[] root = [.. Enumerable.Range(0, clips.Count)];
        foreach (Func<LabelledClip, string> shared in new Func<LabelledClip, string>[] { clip => clip.Prompt, clip => clip.Clip })
        {
            foreach (IGrouping<string, int> together in Enumerable.Range(0, clips.Count).GroupBy(i => shared(clips[i]), StringComparer.Ordinal))
            {
                foreach (int i in together)
                {
                    (int a, int b) = (Root(together.First()), Root(i));
                    root[Math.Max(a, b)] = Math.Min(a, b);
                }
            }
        }

        return [.. Enumerable.Range(0, clips.Count).GroupBy(Root).OrderBy(group => group.Key).Select(group => group.ToArray())];

        int Root(int i)
        {
            while (root[i] != i)
            {
                i = root[i];
            }

            return i;
        }
    }
}
