using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>
/// Splits text as Qwen2's pattern does: English contractions in either case; letters with one character before them that is no letter, number or line
/// end; single digits; runs of signs with a space before and line ends after; white space up to its last line end; white space but for the character
/// that goes with the next word. The first alternative that fits at a place wins, and nothing is left out.
/// </summary>
/// <remarks>By hand, because regular expressions in .NET see letters above U+FFFF as two surrogates.</remarks>
internal sealed class Qwen2Words : PreTokenizer
{
    private static readonly string[] Contractions = ["s", "t", "re", "ve", "m", "ll", "d"];

    private enum Kind
    {
        Letter,
        Number,
        LineEnd,
        Space,
        Other,
    }

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
    {
        for (int position = 0; position < text.Length;)
        {
            int end = WordEnd(text, position);
            yield return (position, end - position);
            position = end;
        }
    }

    private static int WordEnd(string text, int start)
    {
        if (ContractionEnd(text, start) is int contraction)
        {
            return contraction;
        }

        Kind first = KindAt(text, start, out int second);
        Kind? next = second < text.Length ? KindAt(text, second, out _) : null;
        if (first == Kind.Letter || (next == Kind.Letter && first is Kind.Space or Kind.Other))
        {
            return EndOf(text, second, Kind.Letter);
        }

        if (first == Kind.Number)
        {
            return second;
        }

        if (first == Kind.Other || (text[start] == ' ' && next == Kind.Other))
        {
            return EndOf(text, EndOf(text, second, Kind.Other), Kind.LineEnd);
        }

        // White space: up to its last line end, or all of it at the end of the text, or all but one before a word, or that one.
        int end = EndOf(text, start, Kind.Space, Kind.LineEnd);
        int afterLineEnd = text.LastIndexOfAny(['\r', '\n'], end - 1, end - start) + 1;
        return afterLineEnd > start ? afterLineEnd
            : end == text.Length || end - start == 1 ? end
            : end - 1;
    }

    private static int? ContractionEnd(string text, int start)
    {
        if (text[start] != '\'')
        {
            return null;
        }

        foreach (string letters in Contractions)
        {
            int end = start + 1 + letters.Length;
            if (end <= text.Length && Enumerable.Range(0, letters.Length).All(i => Folded(text[start + 1 + i]) == letters[i]))
            {
                return end;
            }
        }

        return null;
    }

    /// <summary>Lower case; the long s is an s to a pattern that ignores case.</summary>
    private static char Folded(char letter) => letter == 'ſ' ? 's' : char.ToLowerInvariant(letter);

    private static int EndOf(string text, int position, params ReadOnlySpan<Kind> kinds)
    {
        while (position < text.Length && kinds.Contains(KindAt(text, position, out int next)))
        {
            position = next;
        }

        return position;
    }

    private static Kind KindAt(string text, int position, out int next)
    {
        if (!Rune.TryGetRuneAt(text, position, out Rune rune))
        {
            rune = Rune.ReplacementChar;
        }

        next = position + rune.Utf16SequenceLength;
        return rune switch
        {
            { Value: '\r' or '\n' } => Kind.LineEnd,
            _ when Rune.IsWhiteSpace(rune) => Kind.Space,
            _ when Rune.IsLetter(rune) => Kind.Letter,
            _ when Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
