using System.Globalization;
using System.Text;

namespace HaloLab.Models.Text;

/// <summary>
/// How unlike written language a text is: places where neighbours do not go together (a capital with accent inside a word, a symbol glued to a
/// letter, two alphabets in one word …), the worse ones counting 2, plus characters that hardly anybody writes. About 0 for ordinary text in any
/// language.
/// </summary>
internal static class Oddity
{
    /// <summary>A rare character weighs more than the two odd neighbours that one misread character commonly makes.</summary>
    private const int RareWeight = 3;

    private enum Kind
    {
        Space,
        Neutral,
        Digit,
        Upper,
        Lower,
        Letter,
        Mark,
        Symbol,
        Math,
        Box,
        Apostrophe,
        Opening,
        Closing,
    }

    private enum Alphabet
    {
        None,
        Latin,
        Greek,
        Cyrillic,
        Other,
        EastAsian,
    }

    public static int Of(string text)
    {
        int oddity = 0;
        Rune previous = new(' ');
        foreach (Rune rune in text.EnumerateRunes())
        {
            oddity += IsRare(rune) ? RareWeight : 0;
            if (!rune.IsAscii || !previous.IsAscii)
            {
                oddity += OfNeighbours(previous, rune);
            }

            previous = rune;
        }

        return oddity;
    }

    private static int OfNeighbours(Rune first, Rune second)
    {
        (Kind a, Kind b) = (KindOf(first), KindOf(second));

        // The two letters that lead nearly every misread Western text.
        if (first.Value is 'Ã' or 'Â' && !second.IsAscii && b != Kind.Apostrophe)
        {
            return 2;
        }

        bool firstIsLetter = a is Kind.Upper or Kind.Lower or Kind.Letter;
        bool secondIsLetter = b is Kind.Upper or Kind.Lower or Kind.Letter;
        if (firstIsLetter && secondIsLetter)
        {
            if (a == Kind.Lower && second.Value is ('Ã' or 'Â'))
            {
                return 2;
            }

            return (a == Kind.Lower && b == Kind.Upper) || !ShareAWord(AlphabetOf(first), AlphabetOf(second)) ? 1 : 0;
        }

        return (a, b) switch
        {
            (Kind.Mark or Kind.Neutral or Kind.Digit, Kind.Mark) => 0,
            (_, Kind.Mark) => firstIsLetter ? 0 : 1,
            (Kind.Lower or Kind.Letter, Kind.Math) => 2,
            (_, Kind.Box) when firstIsLetter => 1,
            (_, Kind.Symbol) when firstIsLetter => first.IsAscii ? 0 : 1,

            // German and its neighbours close with the mark that opens elsewhere.
            (_, Kind.Opening) when firstIsLetter => second.Value == '“' ? 1 : 2,
            (Kind.Symbol or Kind.Box or Kind.Closing, _) when secondIsLetter => 1,
            (Kind.Opening, Kind.Symbol or Kind.Closing) or (Kind.Closing, Kind.Symbol or Kind.Opening) => 1,
            (Kind.Symbol, Kind.Symbol) => first == second ? 0 : 1,
            (Kind.Symbol, Kind.Math or Kind.Box or Kind.Apostrophe or Kind.Opening or Kind.Closing) => 1,
            (Kind.Math or Kind.Box, Kind.Symbol) => IsCurrency(second) ? 0 : 1,
            _ => 0,
        };
    }

    private static Kind KindOf(Rune rune)
    {
        switch (rune.Value)
        {
            case '’':
                return Kind.Apostrophe;
            case '“' or '‘' or '„' or '‚' or '«' or '‹' or '¿' or '¡':
                return Kind.Opening;
            case '”' or '»' or '›' or '…':
                return Kind.Closing;
            case 'ª' or 'º' or 'µ' or 'ˆ' or '˜' or 'ˇ' or '†' or '‡' or '•' or '‰' or '·' or '§' or '¶' or '\u00AD':
                return Kind.Symbol;
            case >= 0x2500 and <= 0x259F:
                return Kind.Box;
        }

        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter => Kind.Upper,
            UnicodeCategory.LowercaseLetter => Kind.Lower,
            UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.TitlecaseLetter => Kind.Letter,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => Kind.Mark,
            UnicodeCategory.DecimalDigitNumber => Kind.Digit,
            UnicodeCategory.SpaceSeparator => Kind.Space,
            UnicodeCategory.MathSymbol => rune.IsAscii ? Kind.Neutral : Kind.Math,
            UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherNumber or UnicodeCategory.Control => rune.IsAscii ? Kind.Neutral : Kind.Symbol,
            UnicodeCategory.OtherSymbol => rune.Value < 0x2600 ? Kind.Symbol : Kind.Neutral,
            _ => Kind.Neutral,
        };
    }

    /// <summary>Greek letters and Latin ones meet in formulas and names of substances; Japanese mixes with everything.</summary>
    private static bool ShareAWord(Alphabet a, Alphabet b) =>
        a == b || (a is Alphabet.Latin or Alphabet.Greek && b is Alphabet.Latin or Alphabet.Greek);

    private static Alphabet AlphabetOf(Rune letter) => letter.Value switch
    {
        < 0x0250 or (>= 0x1E00 and <= 0x1EFF) or (>= 0xFB00 and <= 0xFB06) => Alphabet.Latin,
        (>= 0x0370 and <= 0x03FF) or (>= 0x1F00 and <= 0x1FFF) => Alphabet.Greek,
        >= 0x0400 and <= 0x052F => Alphabet.Cyrillic,
        >= 0x2E80 => Alphabet.EastAsian,
        _ => Alphabet.Other,
    };

    private static bool IsCurrency(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.CurrencySymbol;

    /// <summary>Controls, code points without meaning, phonetic and historic letters.</summary>
    private static bool IsRare(Rune rune) => rune.Value switch
    {
        'ơ' or 'Ơ' or 'ư' or 'Ư' or 'Ș' or 'ș' or 'Ț' or 'ț' => false,
        >= 0x0080 and <= 0x009F => true,
        'ſ' or (>= 0x0180 and <= 0x02C5) or (>= 0x0460 and <= 0x048F) or (>= 0x04D0 and <= 0x058F) or (>= 0x0700 and <= 0x08FF) or (>= 0x1D00 and <= 0x1DBF) => true,
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse,
    };
}
