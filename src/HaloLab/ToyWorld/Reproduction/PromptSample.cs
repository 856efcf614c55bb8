using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Different prompts of a split, with one object and with two by turns as long as it has both.</summary>
internal static class PromptSample
{
    /// <param name="split">Where the prompts come from.</param>
    /// <param name="count">How many, at most as many as the split has.</param>
    /// <param name="seed">Which ones. One seed's sample of n prompts is the beginning of its sample of more.</param>
    public static IReadOnlyList<string> Draw(ToySplit split, int count, long seed)
    {
        (string[] one, string[] two) = (Shuffled(split, 1, seed), Shuffled(split, 2, seed));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, one.Length + two.Length);
        int both = Math.Min(one.Length, two.Length);
        return [.. one.Zip(two, (first, second) => new[] { first, second }).SelectMany(pair => pair).Concat(one.Skip(both)).Concat(two.Skip(both)).Take(count)];
    }

    private static string[] Shuffled(ToySplit split, int objects, long seed)
    {
        string[] prompts = [.. ToyPrompts.Of(split, objects).Select(caption => caption.ToString())];
        new RandomStream(seed, $"prompts {split} {objects}").Shuffle(prompts);
        return prompts;
    }
}
