using System.IO.Compression;
using System.Text;
using HaloLab.Models.Text;
using Microsoft.ML.Tokenizers;

namespace HaloLab.Models.Clip;

/// <summary>
/// The byte-pair tokenizer of CLIP (Radford et al. 2021, arXiv 2103.00020), which OpenCLIP's text towers share: 49,408 ids, of which the last
/// two are start and end; lower case only.
/// </summary>
/// <remarks>
/// The pair merging is Microsoft.ML.Tokenizers': it agrees with a plain merge loop on every reference prompt and on random strings. The
/// splitting into words is ours, because regular expressions in .NET see letters above U+FFFF as two surrogates. So is the cleaning.
/// </remarks>
public sealed class ClipTokenizer : ITokenizer
{
    /// <summary>Tokens that the published text towers read.</summary>
    public const int DefaultContextLength = 77;

    private const int StartId = 49406;
    private const int EndId = 49407;
    private const int MergeCount = 49152 - 256 - 2;
    private const string EndOfWord = "</w>";

    private static readonly Lazy<BpeTokenizer> OpenClipPairs = new(() => CreatePairs("<start_of_text>", "<end_of_text>"));
    private static readonly Lazy<BpeTokenizer> OpenAiPairs = new(() => CreatePairs("<|startoftext|>", "<|endoftext|>"));

    private readonly Lazy<BpeTokenizer> _pairs;

    private ClipTokenizer(Lazy<BpeTokenizer> pairs, int contextLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 2);
        _pairs = pairs;
        ContextLength = contextLength;
    }

    /// <inheritdoc/>
    public int ContextLength { get; }

    /// <inheritdoc/>
    public int VocabularySize => EndId + 1;

    /// <summary>OpenCLIP's form, which VideoCrafter2 uses: the literals <c>&lt;start_of_text&gt;</c> and <c>&lt;end_of_text&gt;</c> stand for the special ids.</summary>
    /// <param name="contextLength">Length of a row, at least 2.</param>
    public static ClipTokenizer OpenClip(int contextLength = DefaultContextLength) => new(OpenClipPairs, contextLength);

    /// <summary>The form of OpenAI's CLIP and of ViCLIP: the literals are <c>&lt;|startoftext|&gt;</c> and <c>&lt;|endoftext|&gt;</c>.</summary>
    /// <inheritdoc cref="OpenClip"/>
    public static ClipTokenizer OpenAi(int contextLength = DefaultContextLength) => new(OpenAiPairs, contextLength);

    /// <summary>Repaired, unescaped twice, white space collapsed, lower case: what the pairs are merged in.</summary>
    public static string Clean(string text) => LowerCase.Of(PromptCleaning.Clean(text));

    /// <inheritdoc/>
    public long[] Encode(string text)
    {
        IReadOnlyList<int> ids = EncodeWithoutEnds(text);
        long[] row = new long[ContextLength];
        row[0] = StartId;
        int kept = Math.Min(ids.Count, ContextLength - 2);
        for (int i = 0; i < kept; i++)
        {
            row[i + 1] = ids[i];
        }

        row[kept + 1] = EndId;
        return row;
    }

    /// <summary>All ids of the text, without start, end or cut.</summary>
    internal IReadOnlyList<int> EncodeWithoutEnds(string text) => _pairs.Value.EncodeToIds(Clean(text));

    private static BpeTokenizer CreatePairs(string start, string end)
    {
        string[] merges = ReadMerges();
        string[] bytes = ByteSymbols();
        Dictionary<string, int> vocabulary = new(EndId + 1);
        foreach (string symbol in (IEnumerable<string>)[.. bytes, .. bytes.Select(symbol => symbol + EndOfWord), .. merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal)), start, end])
        {
            vocabulary.Add(symbol, vocabulary.Count);
        }

        return BpeTokenizer.Create(new BpeOptions(vocabulary)
        {
            Merges = merges,
            ByteLevel = true,
            EndOfWordSuffix = EndOfWord,
            PreTokenizer = new ClipWords(start, end),
            SpecialTokens = new Dictionary<string, int> { [start] = StartId, [end] = EndId },
        });
    }

    /// <summary>The merges in order of rank; the file's first line is a title, and it holds more merges than CLIP uses.</summary>
    private static string[] ReadMerges()
    {
        using Stream packed = EmbeddedData.Open("clip/bpe_simple_vocab_16e6.txt.gz");
        using GZipStream unpacked = new(packed, CompressionMode.Decompress);
        using StreamReader reader = new(unpacked, Encoding.UTF8);
        reader.ReadLine();
        string[] merges = new string[MergeCount];
        for (int i = 0; i < MergeCount; i++)
        {
            merges[i] = reader.ReadLine() ?? throw new InvalidDataException("The CLIP merge list is cut short.");
        }

        return merges;
    }

    /// <summary>
    /// A visible character for each of the 256 bytes, in the order of their ids: printable bytes stand for themselves and come first, the
    /// others follow as U+0100 onwards.
    /// </summary>
    private static string[] ByteSymbols()
    {
        IEnumerable<int> printable = [.. Enumerable.Range('!', '~' - '!' + 1), .. Enumerable.Range('¡', '¬' - '¡' + 1), .. Enumerable.Range('®', 'ÿ' - '®' + 1)];
        int hidden = 256 - printable.Count();
        return [.. printable.Concat(Enumerable.Range(256, hidden)).Select(code => ((char)code).ToString())];
    }
}
