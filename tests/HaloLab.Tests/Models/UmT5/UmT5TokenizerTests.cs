using System.Text.Json;
using HaloLab.Models.Text;
using HaloLab.Models.UmT5;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Models.UmT5;

public class UmT5TokenizerTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("wan", "tokenizer*");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void TextsMatchTheReference(GoldenCase golden)
    {
        string model = Path.Combine(golden.Folder, golden.Json.GetProperty("model_file").GetString()!);
        UmT5Tokenizer tokenizer = UmT5Tokenizer.Load(model, golden.Json.GetProperty("maxlen").GetInt32());
        Assert.Equal(golden.Json.GetProperty("vocab_size").GetInt32(), tokenizer.VocabularySize);
        List<string> wrong = [];
        foreach (JsonElement row in golden.Json.GetProperty("rows").EnumerateArray())
        {
            string text = row.GetProperty("text").GetString()!;
            string cleaned = row.GetProperty("cleaned").GetString()!;
            Check("cleaned", text, [cleaned], [PromptCleaning.Clean(text)]);
            Check("ids", text, Ids(row, "ids"), tokenizer.EncodeRaw(cleaned).Select(id => (long)id));
            Check("raw", text, Ids(row, "ids_raw_text"), tokenizer.EncodeRaw(text).Select(id => (long)id));
            Check("padded", text, Ids(row, "ids_padded"), tokenizer.Encode(text));
            Check("decoded", text, [row.GetProperty("decoded").GetString()!], [tokenizer.Decode(Ids(row, "ids").Select(id => (int)id))]);
        }

        // Written out, special pieces and byte pieces are text like any other.
        const string Literal = "<s> a <0x41> é";
        Assert.Equal(Literal, tokenizer.Decode(tokenizer.EncodeRaw(Literal)));
        Assert.DoesNotContain(2, tokenizer.EncodeRaw(Literal));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        void Check<T>(string what, string text, IEnumerable<T> expected, IEnumerable<T> actual)
        {
            if (!expected.SequenceEqual(actual))
            {
                wrong.Add($"{what} of '{text}': expected {string.Join(' ', expected)}, got {string.Join(' ', actual)}");
            }
        }
    }

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void WithoutBytePiecesWhatIsUnknownIsOnePiece(GoldenCase golden)
    {
        const int Unknown = 2;
        int firstByte = golden.Json.GetProperty("first_byte_piece").GetInt32();
        int bytes = golden.Json.GetProperty("byte_pieces").GetInt32();
        string model = Path.Combine(golden.Folder, golden.Json.GetProperty("model_file").GetString()!);
        string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "spiece.model");
        File.WriteAllBytes(path, SentencePieceModel.WithoutBytes(File.ReadAllBytes(model)));
        UmT5Tokenizer tokenizer = UmT5Tokenizer.Load(path, golden.Json.GetProperty("maxlen").GetInt32(), cleansText: false);
        Assert.Equal(golden.Json.GetProperty("vocab_size").GetInt32() - bytes, tokenizer.VocabularySize);
        foreach (JsonElement row in golden.Json.GetProperty("rows").EnumerateArray())
        {
            // The same pieces with bytes as the unknown one, and no more than one of that in a row.
            long[] expected = [.. Ids(row, "ids_raw_text").Select(id => id < firstByte ? id : id < firstByte + bytes ? Unknown : id - bytes)];
            expected = [.. expected.Where((id, i) => id != Unknown || i == 0 || expected[i - 1] != Unknown)];
            Assert.Equal(expected, tokenizer.EncodeRaw(row.GetProperty("text").GetString()!).Select(id => (long)id));
        }
    }

    [Fact]
    public void AFileThatIsNoModelIsNamed()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "spiece.model");
        Assert.Contains(path, Assert.Throws<InputException>(() => UmT5Tokenizer.Load(path)).Message, StringComparison.Ordinal);
        foreach (byte[] bytes in (byte[][])[[], [1, 2, 3], [.. Enumerable.Range(0, 500).Select(i => (byte)(i * 7))]])
        {
            File.WriteAllBytes(path, bytes);
            Assert.Contains(path, Assert.Throws<InputException>(() => UmT5Tokenizer.Load(path)).Message, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<long> Ids(JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(id => id.GetInt64())];
}
