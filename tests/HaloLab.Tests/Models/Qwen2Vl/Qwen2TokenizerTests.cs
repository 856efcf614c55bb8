using System.Text.Json;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Models.Qwen2Vl;

public sealed class Qwen2TokenizerTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("qwen2vl/tokenizer", "cases*");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void TextsBecomeTheReferencesIds(GoldenCase golden)
    {
        Qwen2Tokenizer tokenizer = Qwen2Tokenizer.Load(Path.Combine(golden.Folder, "tokenizer.json"));
        List<string> wrong = [];
        foreach (JsonElement row in golden.Json.GetProperty("cases").EnumerateArray())
        {
            // JSON texts cannot hold every UTF-16 unit, the hexadecimal form can.
            string hex = row.GetProperty("text_utf16_hex").GetString()!;
            string text = string.Concat(hex.Chunk(4).Select(unit => (char)Convert.ToInt32(new string(unit), 16)));
            int[] expected = [.. row.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            if (!expected.SequenceEqual(tokenizer.Encode(text)))
            {
                wrong.Add($"'{text}' ({hex}): expected {string.Join(' ', expected)}, got {string.Join(' ', tokenizer.Encode(text))}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        foreach (JsonProperty special in golden.Json.GetProperty("specials").EnumerateObject())
        {
            Assert.Equal([special.Value.GetInt32()], tokenizer.Encode(special.Name));
        }

        // Added ones come behind all others; the longest of several that begin alike is taken.
        int size = tokenizer.VocabularySize;
        tokenizer.AddSpecial("<|VQ_reward|>", "<|VQ_reward|>!", "<|im_start|>");
        Assert.Equal(size + 2, tokenizer.VocabularySize);
        Assert.Equal([size + 1, size, tokenizer.Special["<|im_start|>"]], tokenizer.Encode("<|VQ_reward|>!<|VQ_reward|><|im_start|>"));
    }

    [Fact]
    public void AFileThatIsNoTokenizerIsNamed()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "tokenizer.json");
        Assert.Contains(path, Assert.Throws<InputException>(() => Qwen2Tokenizer.Load(path)).Message, StringComparison.Ordinal);
        foreach (string text in (string[])["", "[]", "{}", """{"model": {"vocab": {"a": "b"}}}""", """{"model": {"vocab": {"a": 0}, "merges": [["a", "q"]]}, "added_tokens": []}"""])
        {
            File.WriteAllText(path, text);
            Assert.Contains(path, Assert.Throws<InputException>(() => Qwen2Tokenizer.Load(path)).Message, StringComparison.Ordinal);
        }
    }
}
