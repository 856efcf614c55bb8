using System.Globalization;
using System.Text;

namespace HaloLab.Models.Text;

/// <summary>
/// Unicode's composed canonical form (NFC, Unicode Standard Annex 15). .NET's own normalisation does nothing in programs that run without
/// culture data, as ours do.
/// </summary>
internal static class CanonicalForm
{
    private const int FirstSyllable = 0xAC00;
    private const int FirstLead = 0x1100;
    private const int FirstVowel = 0x1161;
    private const int FirstTail = 0x11A7;
    private const int Leads = 19;
    private const int Vowels = 21;
    private const int Tails = 28;

    private static readonly Lazy<Tables> Data = new(Read);

    public static string Compose(string text)
    {
        // Everything below the first combining mark is composed already.
        if (text.All(character => character < '\u0300'))
        {
            return text;
        }

        List<int> codes = [];
        foreach (Rune rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, codes);
        }

        Order(codes);
        Merge(codes);
        return string.Concat(codes.Select(char.ConvertFromUtf32));
    }

    private static void Decompose(int code, List<int> output)
    {
        int syllable = code - FirstSyllable;
        if (syllable is >= 0 and < Leads * Vowels * Tails)
        {
            output.Add(FirstLead + (syllable / (Vowels * Tails)));
            output.Add(FirstVowel + (syllable / Tails % Vowels));
            if (syllable % Tails != 0)
            {
                output.Add(FirstTail + (syllable % Tails));
            }
        }
        else if (Data.Value.Parts.TryGetValue(code, out int[]? parts))
        {
            foreach (int part in parts)
            {
                Decompose(part, output);
            }
        }
        else
        {
            output.Add(code);
        }
    }

    /// <summary>Sorts each run of combining marks by class, keeping the order of equals.</summary>
    private static void Order(List<int> codes)
    {
        for (int i = 1; i < codes.Count; i++)
        {
            int markClass = ClassOf(codes[i]);
            for (int j = i; markClass != 0 && j > 0 && ClassOf(codes[j - 1]) > markClass; j--)
            {
                (codes[j - 1], codes[j]) = (codes[j], codes[j - 1]);
            }
        }
    }

    /// <summary>Joins each starter with the marks that follow it and are not blocked by a mark of the same or a higher class.</summary>
    private static void Merge(List<int> codes)
    {
        int starter = -1;
        int lastClass = 0;
        int write = 0;
        for (int read = 0; read < codes.Count; read++)
        {
            int code = codes[read];
            int markClass = ClassOf(code);
            bool isAdjacent = starter == write - 1;
            if (starter >= 0 && (isAdjacent || (lastClass != 0 && lastClass < markClass)) && TryJoin(codes[starter], code, out int joined))
            {
                codes[starter] = joined;
                continue;
            }

            if (markClass == 0)
            {
                starter = write;
            }

            lastClass = markClass;
            codes[write++] = code;
        }

        codes.RemoveRange(write, codes.Count - write);
    }

    private static bool TryJoin(int first, int second, out int joined)
    {
        (int lead, int vowel, int syllable, int tail) = (first - FirstLead, second - FirstVowel, first - FirstSyllable, second - FirstTail);
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
        {
            joined = FirstSyllable + (((lead * Vowels) + vowel) * Tails);
            return true;
        }

        if (syllable is >= 0 and < Leads * Vowels * Tails && syllable % Tails == 0 && tail is > 0 and < Tails)
        {
            joined = first + tail;
            return true;
        }

        return Data.Value.Joined.TryGetValue((first, second), out joined);
    }

    private static int ClassOf(int code) => Data.Value.Classes.GetValueOrDefault(code);

    /// <summary>Lines of <c>code;combining class;decomposition;=</c>, the last where the parts compose again.</summary>
    private static Tables Read()
    {
        Tables tables = new([], [], []);
        foreach (string line in EmbeddedData.Lines("text/canonical.txt"))
        {
            string[] fields = line.Split(';');
            int code = Convert.ToInt32(fields[0], 16);
            if (fields[1].Length > 0)
            {
                tables.Classes.Add(code, int.Parse(fields[1], CultureInfo.InvariantCulture));
            }

            if (fields.Length > 2)
            {
                int[] parts = [.. fields[2].Split(' ').Select(part => Convert.ToInt32(part, 16))];
                tables.Parts.Add(code, parts);
                if (fields.Length > 3)
                {
                    tables.Joined.Add((parts[0], parts[1]), code);
                }
            }
        }

        return tables;
    }

    private sealed record Tables(Dictionary<int, int> Classes, Dictionary<int, int[]> Parts, Dictionary<(int First, int Second), int> Joined);
}
