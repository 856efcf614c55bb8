using HaloLab.Models;

namespace HaloLab.ToyWorld;

/// <summary>
/// One token per word of the captions' grammar: start, the words, end, then padding up to the context length. The empty prompt, which
/// classifier-free guidance needs, is start, end, padding.
/// </summary>
public sealed class ToyTokenizer : ITokenizer
{
    public const long Padding = 0;
    public const long Start = 1;
    public const long End = 2;

    // The order is part of the checkpoints: add words at the end only.
    private static readonly string[] Vocabulary =
    [
        "<padding>", "<start>", "<end>", "a", "and", "on", "background", "moving",
        .. ToyCaption.Names<ToyKind>(), .. ToyCaption.Names<ToyColour>(), .. ToyCaption.Names<ToyDirection>(), .. ToyCaption.Names<ToyBackground>(),
    ];

    private static readonly Dictionary<string, long> Ids = Vocabulary.Index().ToDictionary(entry => entry.Item, entry => (long)entry.Index);

    /// <inheritdoc/>
    /// <remarks>The longest caption has 17 tokens; a longer text is cut and is no caption anyway, see <see cref="ToyCaption.Parse"/>.</remarks>
    public int ContextLength { get; } = 20;

    /// <inheritdoc/>
    public int VocabularySize { get; } = Vocabulary.Length;

    /// <inheritdoc/>
    /// <exception cref="InputException">A word is not in the vocabulary.</exception>
    public long[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] words = ToyCaption.Words(text);
        int count = Math.Min(words.Length, ContextLength - 2);
        long[] tokens = new long[ContextLength];
        tokens[0] = Start;
        for (int i = 0; i < count; i++)
        {
            tokens[i + 1] = Ids.TryGetValue(words[i], out long id) && id > End
                ? id
                : throw new InputException(
                    $"Prompt '{text}': the toy text encoder does not know the word '{words[i]}'. It knows: {string.Join(", ", Vocabulary.Skip(3))}.");
        }

        tokens[count + 1] = End;
        return tokens;
    }

    /// <summary>
    /// The words of a prompt that the vocabulary has, in their order: what of a prompt for real videos reaches the toy models. May be empty.
    /// </summary>
    public static string KnownPart(string text) => string.Join(' ', ToyCaption.Words(text).Where(word => Ids.TryGetValue(word, out long id) && id > End));
}
