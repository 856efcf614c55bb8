using System.Text.Json;
using HaloLab.Models.Text;
using Microsoft.ML.Tokenizers;

namespace HaloLab.Models.Qwen2Vl;

/// <summary>
/// The tokenizer of Qwen2: pairs of bytes merged by rank, in composed Unicode, with special tokens that stand for themselves wherever they are written.
/// Read from the <c>tokenizer.json</c> that is published beside the weights.
/// </summary>
public sealed class Qwen2Tokenizer
{
    private readonly BpeTokenizer _pairs;
    private readonly Dictionary<string, int> _special;

    private Qwen2Tokenizer(BpeTokenizer pairs, Dictionary<string, int> special, int vocabularySize) =>
        (_pairs, _special, VocabularySize) = (pairs, special, vocabularySize);

    /// <summary>One past the largest id.</summary>
    public int VocabularySize { get; private set; }

    /// <summary>The special tokens and their ids.</summary>
    public IReadOnlyDictionary<string, int> Special => _special;

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">A <c>tokenizer.json</c>.</param>
    /// <exception cref="InputException">The file is missing or is no byte-level pair tokenizer.</exception>
    public static Qwen2Tokenizer Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
        {
            throw new InputException($"{path}: not found. Expected the tokenizer.json that is published beside Qwen2-VL's weights.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement model = document.RootElement.GetProperty("model");
            Dictionary<string, int> vocabulary = model.GetProperty("vocab").EnumerateObject().ToDictionary(item => item.Name, item => item.Value.GetInt32(), StringComparer.Ordinal);

            // Older files write a pair as one text, newer ones as a list of two.
            string[] merges = [.. model.GetProperty("merges").EnumerateArray().Select(pair => pair.ValueKind == JsonValueKind.String ? pair.GetString()! : $"{pair[0].GetString()} {pair[1].GetString()}")];
            Dictionary<string, int> special = document.RootElement.GetProperty("added_tokens").EnumerateArray()
                .ToDictionary(token => token.GetProperty("content").GetString()!, token => token.GetProperty("id").GetInt32(), StringComparer.Ordinal);
            BpeTokenizer pairs = BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = merges, ByteLevel = true, PreTokenizer = new Qwen2Words() });
            return new Qwen2Tokenizer(pairs, special, vocabulary.Values.Concat(special.Values).Max() + 1);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or FormatException)
        {
            throw new InputException($"{path}: is no byte-level pair tokenizer ({exception.Message}). Expected the tokenizer.json that is published beside Qwen2-VL's weights; fetch it again.", exception);
        }
    }

    /// <summary>Adds special tokens behind all others, in that order; those that are there already keep their ids.</summary>
    public void AddSpecial(params IEnumerable<string> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        foreach (string token in tokens.Where(token => !_special.ContainsKey(token)))
        {
            _special.Add(token, VocabularySize++);
        }
    }

    /// <summary>The ids of a text.</summary>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<int> ids = [];
        int position = 0;
        while (position < text.Length)
        {
            (int at, string? token) = NextSpecial(text, position);
            if (at > position)
            {
                ids.AddRange(_pairs.EncodeToIds(CanonicalForm.Compose(text[position..at])));
            }

            if (token is not null)
            {
                ids.Add(_special[token]);
            }

            position = at + (token?.Length ?? 0);
        }

        return ids;
    }

    /// <summary>The special token that is written next, the longest of several at one place; the end of the text where there is none.</summary>
    private (int At, string? Token) NextSpecial(string text, int from)
    {
        (int At, string? Token) first = (text.Length, null);
        foreach (string token in _special.Keys)
        {
            int at = text.IndexOf(token, from, StringComparison.Ordinal);
            if (at >= 0 && (at < first.At || (at == first.At && token.Length > first.Token!.Length)))
            {
                first = (at, token);
            }
        }

        return first;
    }
}
