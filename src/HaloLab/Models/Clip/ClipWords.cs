using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace HaloLab.Models.Clip;

/// <summary>
/// Splits lower-case text as CLIP's pattern does: the two special literals, the English contractions <c>'s 't 're 've 'm 'll 'd</c>, runs of
/// letters, single digits, runs of anything else but white space. The first alternative that fits at a place wins.
/// </summary>
internal sealed class ClipWords(string start, string end) : PreTokenizer
{
    private readonly string[] _literals = [start, end, "'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private enum Kind
    {
        Space,
        Letter,
        Number,
        Other,
    }

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
    {
        int position = 0;
        while (position < text.Length)
        {
            int length = WordLength(text, position, out Kind kind);
            if (kind != Kind.Space)
            {
                yield return (position, length);
            }

            position += length;
        }
    }

    private int WordLength(string text, int position, out Kind kind)
    {
        foreach (string literal in _literals)
        {
            if (string.CompareOrdinal(text, position, literal, 0, literal.Length) == 0)
            {
                kind = Kind.Other;
                return literal.Length;
            }
        }

        kind = KindAt(text, position, out int length);
        int next = position + length;
        while (kind != Kind.Number && next < text.Length && KindAt(text, next, out int width) == kind)
        {
            next += width;
        }

        return next - position;
    }

    private static Kind KindAt(string text, int position, out int length)
    {
        if (!Rune.TryGetRuneAt(text, position, out Rune rune))
        {
            rune = Rune.ReplacementChar;
        }

        length = rune.Utf16SequenceLength;
        return rune switch
        {
            _ when Rune.IsWhiteSpace(rune) => Kind.Space,
            _ when Rune.IsLetter(rune) => Kind.Letter,
            _ when Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
