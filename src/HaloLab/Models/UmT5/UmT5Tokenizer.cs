using System.Text;
using HaloLab.Models.Text;
using Microsoft.ML.Tokenizers;

namespace HaloLab.Models.UmT5;

/// <summary>
/// The tokenizer of umT5 (Chung et al. 2023, arXiv 2304.09151) and T5 (Raffel et al. 2020, arXiv 1910.10683): a SentencePiece unigram model, read from the
/// <c>spiece.model</c> beside the encoder's weights. A row is the text's ids, end (1), zeros; there is no start. What umT5 has no piece for is spelled in
/// bytes; T5 has none of those and gives its unknown piece, one for everything unknown in a row.
/// </summary>
/// <remarks>
/// Normalisation and search are Microsoft.ML.Tokenizers'. Three of its slips are mended here: models without a start cannot be read, bytes get
/// wrong ids, and control characters stay in.
/// </remarks>
public sealed class UmT5Tokenizer : ITokenizer
{
    /// <summary>Tokens that Wan2.1 reads.</summary>
    public const int DefaultContextLength = 512;

    private const long End = 1;
    private const int Unknown = 2;

    // T5's models have no start (bos_id -1), which the package takes for an index. Where a message stands twice in a protocol buffer the later
    // one's fields count: this is a second trainer_spec (2) with bos_id (41) = 2, the unknown piece. It is never put out.
    private static readonly byte[] StartIsUnknown = [0x12, 0x03, 0xC8, 0x02, 0x02];

    private const char Space = '\u2581';
    private const int Bytes = 256;

    private readonly SentencePieceTokenizer _pieces;
    private readonly string?[] _pieceOf;
    private readonly int _firstByte;
    private readonly bool _cleansText;

    private UmT5Tokenizer(SentencePieceTokenizer pieces, string path, int contextLength, bool cleansText)
    {
        (_pieces, ContextLength, _cleansText) = (pieces, contextLength, cleansText);
        _pieceOf = new string?[pieces.Vocabulary.Values.Max() + 1];
        foreach ((string piece, int id) in pieces.Vocabulary)
        {
            _pieceOf[id] = piece;
        }

        // The package's vocabulary leaves out the pieces that stand for bytes.
        _firstByte = Array.IndexOf(_pieceOf, null);
        int bytes = _pieceOf.Count(piece => piece is null);
        if (bytes > 0 && (bytes != Bytes || Array.LastIndexOf(_pieceOf, null) != _firstByte + Bytes - 1))
        {
            throw new InputException($"{path}: has {bytes} pieces that stand for bytes. Expected the spiece.model of umT5, which has {Bytes} in a row, or T5, which has none.");
        }
    }

    /// <inheritdoc/>
    public int ContextLength { get; }

    /// <inheritdoc/>
    public int VocabularySize => _pieceOf.Length;

    /// <summary>Reads a SentencePiece model.</summary>
    /// <param name="path">A <c>.model</c> file.</param>
    /// <param name="contextLength">Length of a row, at least 1.</param>
    /// <param name="cleansText">Whether broken characters, HTML entities and white space are mended first, as Wan2.1 does and CogVideoX does not.</param>
    /// <exception cref="InputException">The file is missing or is no SentencePiece model.</exception>
    public static UmT5Tokenizer Load(string path, int contextLength = DefaultContextLength, bool cleansText = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        if (!File.Exists(path))
        {
            throw new InputException($"{path}: not found. Expected the tokenizer's SentencePiece model.");
        }

        using MemoryStream model = new([.. File.ReadAllBytes(path), .. StartIsUnknown]);
        try
        {
            return new UmT5Tokenizer(SentencePieceTokenizer.Create(model, addBeginningOfSentence: false, addEndOfSentence: false), path, contextLength, cleansText);
        }
        catch (Exception exception) when (exception is NullReferenceException or IndexOutOfRangeException or ArgumentException or InvalidOperationException or IOException)
        {
            throw new InputException($"{path}: is no SentencePiece unigram model ({exception.Message}) Expected the spiece.model of umT5 or T5; fetch it again.", exception);
        }
    }

    /// <inheritdoc/>
    public long[] Encode(string text)
    {
        IReadOnlyList<int> ids = EncodeRaw(_cleansText ? PromptCleaning.Clean(text) : text);
        long[] row = new long[ContextLength];
        int kept = Math.Min(ids.Count, ContextLength - 1);
        for (int i = 0; i < kept; i++)
        {
            row[i] = ids[i];
        }

        row[kept] = End;
        return row;
    }

    /// <summary>All ids of a text as it stands, without end or cut.</summary>
    internal IReadOnlyList<int> EncodeRaw(string text)
    {
        string kept = string.Concat(text.Where(letter => !IsRemoved(letter)));
        IReadOnlyList<EncodedToken> tokens = _pieces.EncodeToTokens(kept, out string? normalized);

        if (_firstByte < 0)
        {
            return [.. tokens.Select(token => token.Id).Where((id, i) => id != Unknown || i == 0 || tokens[i - 1].Id != Unknown)];
        }

        // A byte's id comes out as the last byte's plus the byte. Its value then is some other piece, never the text it stands for: had that
        // been a piece, no bytes would have been needed.
        return [.. tokens.Select(token => normalized!.AsSpan()[token.Offset].SequenceEqual(token.Value) ? token.Id : token.Id - (Bytes - 1))];
    }

    /// <summary>The text of ids, as SentencePiece puts it together.</summary>
    internal string Decode(IEnumerable<int> ids)
    {
        List<byte> text = [];
        foreach (int id in ids)
        {
            text.AddRange(_pieceOf[id] is string piece ? Encoding.UTF8.GetBytes(piece.Replace(Space, ' ')) : [(byte)(id - _firstByte)]);
        }

        string joined = Encoding.UTF8.GetString([.. text]);
        return joined.StartsWith(' ') ? joined[1..] : joined;
    }

    // What SentencePiece's rule set nmt_nfkc maps to nothing; the package leaves it in.
    private static bool IsRemoved(char letter) =>
        letter is (>= '\u0001' and <= '\u0008') or '\u000B' or (>= '\u000E' and <= '\u001F') or '\u007F' or '\u008F' or '\u009F';
}
