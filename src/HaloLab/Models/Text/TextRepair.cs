using System.Text;
using System.Text.RegularExpressions;

namespace HaloLab.Models.Text;

/// <summary>
/// Undoes the damage that text takes on its way through programs, as the Python package ftfy 6.3 does with its default settings: CLIP and umT5
/// were trained on prompts cleaned by it. Entities, misread encodings, ligatures, full-width letters, curly quotes, line ends, broken
/// surrogates, terminal colours, control characters, composition (NFC); repeated until nothing changes.
/// </summary>
/// <remarks>
/// Which text counts as misread is a judgement that we make ourselves (<see cref="Mojibake"/>); it can differ from ftfy's in contrived cases.
/// ftfy's recovery of bytes that were lost (question marks in the middle of a misread character) is left out.
/// </remarks>
public static partial class TextRepair
{
    private static readonly Dictionary<char, string> Ligatures = new()
    {
        ['Ĳ'] = "IJ",
        ['ĳ'] = "ij",
        ['ŉ'] = "ʼn",
        ['Ǆ'] = "DŽ",
        ['ǅ'] = "Dž",
        ['ǆ'] = "dž",
        ['Ǉ'] = "LJ",
        ['ǈ'] = "Lj",
        ['ǉ'] = "lj",
        ['Ǌ'] = "NJ",
        ['ǋ'] = "Nj",
        ['ǌ'] = "nj",
        ['Ǳ'] = "DZ",
        ['ǲ'] = "Dz",
        ['ǳ'] = "dz",
        ['\uFB00'] = "ff",
        ['\uFB01'] = "fi",
        ['\uFB02'] = "fl",
        ['\uFB03'] = "ffi",
        ['\uFB04'] = "ffl",
        ['\uFB05'] = "ſt",
        ['\uFB06'] = "st",
    };

    private static readonly Lazy<Dictionary<char, string>> Widths = new(() =>
        EmbeddedData.Lines("text/width.txt").Select(line => line.Split(' ', 2)).ToDictionary(parts => EmbeddedData.FromCodePoints(parts[0])[0], parts => EmbeddedData.FromCodePoints(parts[1])));

    /// <summary>The repaired text. Each line is judged by itself, since lines may come from different sources.</summary>
    public static string Fix(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        StringBuilder output = new(text.Length);
        bool mayHoldEntities = true;
        for (int start = 0; start < text.Length;)
        {
            int end = text.IndexOf('\n', start) is var found and >= 0 ? found + 1 : text.Length;
            string line = text[start..end];

            // A '<' says that this is HTML itself, whose entities mean what they say.
            mayHoldEntities = mayHoldEntities && !line.Contains('<', StringComparison.Ordinal);
            output.Append(FixLine(line, mayHoldEntities));
            start = end;
        }

        return output.ToString();
    }

    private static string FixLine(string line, bool unescape)
    {
        string before;
        do
        {
            before = line;
            line = unescape ? HtmlEntities.UnescapeComplete(line) : line;
            line = Mojibake.Decode(line);
            line = string.Concat(line.Select(Simplify));
            line = LineBreak().Replace(line, "\n");
            line = ReplaceLoneSurrogates(line);
            line = TerminalEscape().Replace(line, "");
            line = ControlCharacter().Replace(line, "");
            line = CanonicalForm.Compose(line);
        }
        while (line != before);
        return line;
    }

    /// <summary>C1 controls as Windows-1252, ligatures apart, full- and half-width forms plain, quotes straight.</summary>
    private static string Simplify(char character) => character switch
    {
        < '\u0080' => character.ToString(),
        < '\u00A0' => SingleByteEncoding.Windows1252.Decode((byte)character).ToString(),
        '\u02BC' or (>= '\u2018' and <= '\u201B') => "'",
        >= '\u201C' and <= '\u201F' => "\"",
        _ when Ligatures.TryGetValue(character, out string? letters) => letters,
        '\u3000' or >= '\uFF01' when Widths.Value.TryGetValue(character, out string? plain) => plain,
        _ => character.ToString(),
    };

    private static string ReplaceLoneSurrogates(string text) =>
        text.Any(char.IsSurrogate) ? string.Concat(text.EnumerateRunes().Select(rune => rune.ToString())) : text;

    [GeneratedRegex(@"\r\n|[\r\u2028\u2029\u0085]")]
    private static partial Regex LineBreak();

    [GeneratedRegex(@"\x1B\[[0-9;]*[a-zA-Z]")]
    private static partial Regex TerminalEscape();

    /// <summary>All but tab, line feed, form feed and carriage return; also deprecated format controls, byte-order mark and annotation marks.</summary>
    [GeneratedRegex(@"[\0-\x08\x0B\x0E-\x1F\x7F\u206A-\u206F\uFEFF\uFFF9-\uFFFC]")]
    private static partial Regex ControlCharacter();
}
