using System.Text.Json;
using HaloLab.Models.Clip;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Clip;

public class ClipTokenizerTests
{
    private const long Start = 49406;
    private const long End = 49407;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("videocrafter2", "tokenizer*");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void PromptsMatchTheReference(GoldenCase golden)
    {
        ClipTokenizer unbounded = ClipTokenizer.OpenClip();
        JsonElement[] rows = [.. golden.Json.GetProperty("rows").EnumerateArray()];
        foreach (JsonElement row in rows)
        {
            string prompt = row.GetProperty("prompt").GetString()!;
            Assert.Equal(row.GetProperty("cleaned").GetString(), ClipTokenizer.Clean(prompt));
            int[] expected = [.. row.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];
            IReadOnlyList<int> ids = unbounded.EncodeWithoutEnds(prompt);
            Assert.Equal(row.GetProperty("n_tokens").GetInt32(), ids.Count);
            Assert.Equal(expected, ids.Take(expected.Length));
        }

        Assert.Equal(golden.Json.GetProperty("vocab_size").GetInt32(), unbounded.VocabularySize);
        foreach ((string name, Tensor expected) in golden.WithPrefix("out.ids"))
        {
            ClipTokenizer tokenizer = ClipTokenizer.OpenClip((int)expected.shape[1]);
            Assert.Equal(name, $"{tokenizer.ContextLength}");
            long[] actual = [.. rows.SelectMany(row => tokenizer.Encode(row.GetProperty("prompt").GetString()!))];
            Assert.Equal(expected.data<long>().ToArray(), actual);
        }
    }

    [Fact]
    public void TheEmptyTextIsStartEndZeros()
    {
        ClipTokenizer tokenizer = ClipTokenizer.OpenClip(contextLength: 5);
        Assert.Equal([Start, End, 0, 0, 0], tokenizer.Encode(""));
    }

    [Fact]
    public void ATextThatIsTooLongKeepsItsEnd()
    {
        long[] full = ClipTokenizer.OpenClip().Encode("a robot dances");
        long[] cut = ClipTokenizer.OpenClip(contextLength: 3).Encode("a robot dances");
        Assert.Equal([Start, full[1], End], cut);
    }

    [Fact]
    public void EachFormKnowsItsOwnLiterals()
    {
        Assert.Equal(End, ClipTokenizer.OpenAi().Encode("<|endoftext|>")[1]);
        Assert.Equal(End, ClipTokenizer.OpenClip().Encode("<end_of_text>")[1]);
        Assert.NotEqual(End, ClipTokenizer.OpenAi().Encode("<end_of_text>")[1]);
    }

    [Theory]
    [InlineData("a cat's 12 lives", "a|cat|'s|1|2|lives")]
    [InlineData("we've x'y !'s", "we|'ve|x|'|y|!'|s")]
    [InlineData("𝐇𝐢!! 𠀀𝟏𝟐", "𝐇𝐢|!!|𠀀|𝟏|𝟐")]
    [InlineData("e\u0301a", "e|\u0301|a")]
    [InlineData("x<end_of_text>y", "x|<end_of_text>|y")]
    public void WordsAreSplitAsThePatternDoes(string text, string expected)
    {
        ClipWords words = new("<start_of_text>", "<end_of_text>");
        Assert.Equal(expected.Split('|'), words.PreTokenize(text).Select(word => text.Substring(word.Offset, word.Length)));
    }
}
