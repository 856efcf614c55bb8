using HaloLab.Statistics;

namespace HaloLab.ToyWorld.Reproduction;

/// <summary>Prompts of a split, half of them with one object and half with two.</summary>
internal static class PromptSample
{
    /// <param name="split">Where the prompts come from.</param>
    /// <param name="count">How many, all different while the split has enough.</param>
    /// <param name="seed">Which ones. One seed's sample of n prompts is the beginning of its sample of more.</param>
    public static IReadOnlyList<string> Draw(ToySplit split, int count, long seed)
    {
        string[][] shuffled = [.. new[] { 1, 2 }.Select(objects => Shuffled(split, objects, seed))];
        return [.. Enumerable.Range(0, count).Select(i => shuffled[i % 2][i / 2 % shuffled[i % 2].Length])];
    }

    private static string[] Shuffled(ToySplit split, int objects, long seed)
    {
        string[] prompts = [.. ToyPrompts.Of(split, objects).Select(caption => caption.ToString())];
        new RandomStream(seed, $"prompts {split} {objects}").Shuffle(prompts);
        return prompts;
    }
}
