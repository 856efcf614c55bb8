using System.Globalization;
using System.Text.RegularExpressions;

namespace HaloLab.Models.Text;

/// <summary>
/// HTML character references. <see cref="Unescape"/> follows the HTML standard's parsing rules (all 2,231 names, some of them without
/// semicolon, numbers in the C1 range read as Windows-1252) as Python's <c>html.unescape</c> does; .NET's decoder knows fewer names.
/// </summary>
internal static partial class HtmlEntities
{
    private const int LastCodePoint = 0x10FFFF;
    private const string Replacement = "\uFFFD";

    private static readonly Lazy<Dictionary<string, string>> Names = new(ReadNames);

    /// <summary>Replaces every reference, where names without semicolon may stand before other letters (<c>&amp;notit;</c> gives ¬it;).</summary>
    public static string Unescape(string text) =>
        text.Contains('&', StringComparison.Ordinal) ? Reference().Replace(text, match => Decode(match.Groups[1].Value)) : text;

    /// <summary>The careful form for text that may not be HTML: only references that end in a semicolon; names also in all capitals (<c>&amp;EACUTE;</c> gives É).</summary>
    public static string UnescapeComplete(string text) =>
        text.Contains('&', StringComparison.Ordinal) ? CompleteReference().Replace(text, DecodeComplete) : text;

    private static string DecodeComplete(Match match)
    {
        string body = match.Groups[1].Value;
        if (body[0] == '#')
        {
            string decoded = Reference().Replace(match.Value, reference => Decode(reference.Groups[1].Value));
            return decoded.Contains(';', StringComparison.Ordinal) ? match.Value : decoded;
        }

        if (Names.Value.TryGetValue(body, out string? value))
        {
            return value;
        }

        bool isShouted = !body.Any(char.IsAsciiLetterLower) && Names.Value.TryGetValue(body.ToLowerInvariant(), out value);
        return isShouted ? value!.ToUpperInvariant() : match.Value;
    }

    private static string Decode(string body)
    {
        if (body[0] == '#')
        {
            return DecodeNumber(body);
        }

        if (Names.Value.TryGetValue(body, out string? value))
        {
            return value;
        }

        for (int length = body.Length - 1; length > 1; length--)
        {
            if (Names.Value.TryGetValue(body[..length], out value))
            {
                return value + body[length..];
            }
        }

        return "&" + body;
    }

    private static string DecodeNumber(string body)
    {
        bool isHexadecimal = body[1] is 'x' or 'X';
        string digits = body[(isHexadecimal ? 2 : 1)..].TrimEnd(';').TrimStart('0');
        if (digits.Length > 7)
        {
            return Replacement;
        }

        int code = digits.Length == 0 ? 0 : int.Parse(digits, isHexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture);
        return code switch
        {
            0 or > LastCodePoint or (>= 0xD800 and <= 0xDFFF) => Replacement,
            '\r' => "\r",
            >= 0x80 and <= 0x9F => SingleByteEncoding.Windows1252.Decode((byte)code).ToString(),
            (>= 0x1 and <= 0x8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or (>= 0xFDD0 and <= 0xFDEF) => "",
            _ when (code & 0xFFFE) == 0xFFFE => "",
            _ => char.ConvertFromUtf32(code),
        };
    }

    private static Dictionary<string, string> ReadNames()
    {
        Dictionary<string, string> names = [];
        foreach (string line in EmbeddedData.Lines("text/entities.txt"))
        {
            string[] parts = line.Split(' ', 2);
            names.Add(parts[0], EmbeddedData.FromCodePoints(parts[1]));
        }

        return names;
    }

    [GeneratedRegex(@"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)")]
    private static partial Regex Reference();

    [GeneratedRegex("&(#?[0-9A-Za-z]{1,24};)")]
    private static partial Regex CompleteReference();
}
