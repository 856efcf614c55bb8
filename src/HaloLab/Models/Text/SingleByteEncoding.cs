using System.Text;

namespace HaloLab.Models.Text;

/// <summary>
/// One of the single-byte encodings as which UTF-8 is misread. Bytes that the encoding leaves undefined stand for the C1 control of the same
/// number, as lenient decoders have it; those controls encode back in every encoding.
/// </summary>
internal sealed class SingleByteEncoding
{
    /// <summary>The Western encoding, also standing for Latin-1: they differ in the C1 range only.</summary>
    public static readonly SingleByteEncoding Windows1252 = new(1252);

    private readonly char[] _characters = new char[256];
    private readonly Dictionary<char, byte> _bytes = [];

    private SingleByteEncoding(int codePage)
    {
        Encoding encoding = CodePagesEncodingProvider.Instance.GetEncoding(codePage)
            ?? throw new InvalidOperationException($"Code page {codePage} is missing.");
        for (int code = 0; code < 256; code++)
        {
            char character = encoding.GetString([(byte)code])[0];
            _characters[code] = character == '\uFFFD' || (code >= 0x80 && character < 0x80) ? (char)code : character;
            _bytes.TryAdd(_characters[code], (byte)code);
        }

        for (int code = 0x80; code < 0xA0; code++)
        {
            _bytes.TryAdd((char)code, (byte)code);
        }
    }

    /// <summary>Most frequent first: Western, Cyrillic, Central European, Greek, Turkish, Baltic, ISO Latin-2, Mac Roman, DOS.</summary>
    public static IReadOnlyList<SingleByteEncoding> All { get; } =
        [Windows1252, .. new[] { 1251, 1250, 1253, 1254, 1257, 28592, 10000, 437 }.Select(codePage => new SingleByteEncoding(codePage))];

    public char Decode(byte value) => _characters[value];

    public bool TryEncode(char character, out byte value) => _bytes.TryGetValue(character, out value);
}
