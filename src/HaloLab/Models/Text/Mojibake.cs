using System.Buffers;
using System.Text;

namespace HaloLab.Models.Text;

/// <summary>
/// Text whose UTF-8 bytes were read in a single-byte encoding (é shown as Ã©), read back. A reading is undone when the bytes are valid UTF-8 and
/// the result looks more like text, by <see cref="Oddity"/>, than what stands there: the whole line at once, else one misread run at a time.
/// Several layers are undone one by one.
/// </summary>
internal static class Mojibake
{
    /// <summary>A UTF-8 sequence of this many bytes hardly arises by chance, so that its result need only be no odder.</summary>
    private const int TellingLength = 3;

    /// <summary>What text of two-byte sequences must lose in oddity: "AHÅ™" and "MARQUÉ…" are meant as they stand.</summary>
    private const int RequiredGain = 2;

    /// <summary>How words go on, in Portuguese, whose à is not a word of its own.</summary>
    private static readonly string[] AfterGraveA = [" ", "s ", "quele", "quela", "quilo"];

    public static string Decode(string text)
    {
        while (DecodeOneLayer(text) is string decoded)
        {
            text = decoded;
        }

        return text;
    }

    private static string? DecodeOneLayer(string text)
    {
        if (Ascii.IsValid(text))
        {
            return null;
        }

        foreach (SingleByteEncoding encoding in SingleByteEncoding.All)
        {
            if (DecodeAll(text, encoding) is string whole)
            {
                return whole;
            }
        }

        foreach (SingleByteEncoding encoding in SingleByteEncoding.All)
        {
            if (DecodeOneRun(text, encoding) is string partly)
            {
                return partly;
            }
        }

        return null;
    }

    /// <summary>The line read back, if all of it can be and that is an improvement.</summary>
    private static string? DecodeAll(string text, SingleByteEncoding encoding)
    {
        StringBuilder decoded = new(text.Length);
        int longest = 0;
        for (int i = 0; i < text.Length;)
        {
            if (text[i] < 0x80)
            {
                decoded.Append(text[i++]);
            }
            else if (TryReadSequence(text, i, encoding, out string read, out int length))
            {
                decoded.Append(read);
                longest = Math.Max(longest, length);
                i += length;
            }
            else
            {
                return null;
            }
        }

        string result = decoded.ToString();
        return IsImprovement(text, result, longest) ? result : null;
    }

    /// <summary>The line with its first run of misread characters read back that is an improvement, judged with one neighbour on each side.</summary>
    private static string? DecodeOneRun(string text, SingleByteEncoding encoding)
    {
        for (int start = 0; start < text.Length;)
        {
            StringBuilder decoded = new();
            int end = start;
            int longest = 0;
            while (TryReadSequence(text, end, encoding, out string read, out int length))
            {
                decoded.Append(read);
                longest = Math.Max(longest, length);
                end += length;
            }

            if (end > start)
            {
                string before = text[Math.Max(start - 1, 0)..start];
                string after = text[end..Math.Min(end + 1, text.Length)];
                if (IsImprovement(before + text[start..end] + after, before + decoded + after, longest))
                {
                    return text[..start] + decoded + text[end..];
                }
            }

            start = Math.Max(end, start + 1);
        }

        return null;
    }

    private static bool IsImprovement(string text, string decoded, int longestSequence)
    {
        int gain = Oddity.Of(text) - Oddity.Of(decoded);
        return gain >= (longestSequence >= TellingLength ? 0 : RequiredGain);
    }

    /// <summary>
    /// Whether the characters from there on, as bytes of the encoding, are one UTF-8 sequence of two to four bytes. A space in second place
    /// counts as the no-break space that programs like to replace by it.
    /// </summary>
    private static bool TryReadSequence(string text, int start, SingleByteEncoding encoding, out string decoded, out int length)
    {
        const byte NoBreakSpace = 0xA0;
        Span<byte> bytes = stackalloc byte[4];
        int count = 0;
        for (; count < bytes.Length && start + count < text.Length; count++)
        {
            char character = text[start + count];
            if (character == ' ' && count == 1)
            {
                bytes[count] = NoBreakSpace;
            }
            else if (character < 0x80 || !encoding.TryEncode(character, out bytes[count]))
            {
                break;
            }
        }

        bool isSequence = Rune.DecodeFromUtf8(bytes[..count], out Rune rune, out length) == OperationStatus.Done && length > 1;
        decoded = rune.ToString();
        if (isSequence && rune.Value == 'à' && text[start + 1] == ' ')
        {
            // The space was both the byte and the gap to the next word, unless the word goes on.
            string rest = text[(start + length)..];
            decoded += AfterGraveA.Any(next => rest.StartsWith(next, StringComparison.Ordinal)) ? "" : " ";
        }

        return isSequence;
    }
}
