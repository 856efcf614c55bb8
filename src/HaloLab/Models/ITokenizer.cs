namespace HaloLab.Models;

/// <summary>
/// Text into the ids that a text encoder reads. Every row has the same form: start where the encoder has one,
/// the text's ids, end, zeros. The empty text is the unconditional prompt of classifier-free guidance.
/// </summary>
public interface ITokenizer
{
    /// <summary>Length of every row, start and end included.</summary>
    int ContextLength { get; }

    /// <summary>One past the largest id.</summary>
    int VocabularySize { get; }

    /// <summary>The ids of one text, <see cref="ContextLength"/> of them. A tokenizer cuts a text that is too long, keeping the end, or refuses it.</summary>
    /// <exception cref="InputException">This tokenizer's vocabulary or length cannot express the text.</exception>
    long[] Encode(string text);
}
