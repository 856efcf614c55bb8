using System.Globalization;
using System.Text;

namespace HaloLab.Models.Text;

/// <summary>
/// Lower case by Unicode's full mapping, as Python's <c>str.lower</c>: .NET's maps one character to one, so it
/// knows neither the two characters of a lower-case dotted I nor the final sigma.
/// </summary>
internal static class LowerCase
{
    private const char Sigma = 'Σ';
    private const char DottedI = 'İ';

    public static string Of(string text)
    {
        StringBuilder lower = new(text.Length);
        int position = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case DottedI:
                    lower.Append("i\u0307");
                    break;
                case Sigma:
                    lower.Append(EndsWord(text, position) ? 'ς' : 'σ');
                    break;
                default:
                    lower.Append(Rune.ToLowerInvariant(rune).ToString());
                    break;
            }

            position += rune.Utf16SequenceLength;
        }

        return lower.ToString();
    }

    /// <summary>A cased letter before and none after, characters without case of their own (marks, apostrophes) not counting.</summary>
    private static bool EndsWord(string text, int position)
    {
        IEnumerable<Rune> before = text[..position].EnumerateRunes().Reverse();
        IEnumerable<Rune> after = text[(position + 1)..].EnumerateRunes();
        return NextIsCased(before) && !NextIsCased(after);
    }

    private static bool NextIsCased(IEnumerable<Rune> runes)
    {
        Rune first = runes.FirstOrDefault(rune => !IsCaseIgnorable(rune));
        return Rune.IsUpper(first) || Rune.IsLower(first) || Rune.GetUnicodeCategory(first) == UnicodeCategory.TitlecaseLetter;
    }

    private static bool IsCaseIgnorable(Rune rune) =>
        rune.Value is '\'' or '.' or ':' or '^' or '`' or '\u00A8' or '\u00AD' or '\u00AF' or '\u00B4' or '\u00B7' or '\u00B8' or '\u2018' or '\u2019' or '\u2024' or '\u2027'
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
}
