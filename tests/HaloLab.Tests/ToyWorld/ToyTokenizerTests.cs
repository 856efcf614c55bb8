using HaloLab.ToyWorld;

namespace HaloLab.Tests.ToyWorld;

public class ToyTokenizerTests
{
    private readonly ToyTokenizer _tokenizer = new();

    [Fact]
    public void EmptyPromptIsStartEndPadding()
        => Assert.Equal([1, 2, .. new long[_tokenizer.ContextLength - 2]], _tokenizer.Encode(""));

    [Fact]
    public void TokensArePinned()
    {
        // Checkpoints are trained on these numbers.
        Assert.Equal(24, _tokenizer.VocabularySize);
        Assert.Equal([1, 3, 12, 8, 7, 18, 5, 3, 22, 6, 2, .. new long[9]], _tokenizer.Encode("A red circle moving left on a dark background."));
        Assert.Equal([1, 17, 11, 21, 23, 2, .. new long[14]], _tokenizer.Encode("cyan cross down light"));
    }

    [Fact]
    public void EveryCaptionFitsAndDiffers()
    {
        string[] tokens = [.. ToyCaption.All().Select(caption => string.Join(' ', _tokenizer.Encode(caption.ToString())))];
        Assert.Equal(tokens.Length, tokens.Distinct().Count());
    }

    [Fact]
    public void LongTextsAreCutAndKeepTheirEnd()
        => Assert.Equal([1, .. Enumerable.Repeat(3L, 18), 2], _tokenizer.Encode(string.Join(' ', Enumerable.Repeat("a", 30))));

    [Fact]
    public void UnknownWordsAreRefused()
    {
        InputException unknown = Assert.Throws<InputException>(() => _tokenizer.Encode("a red dragon"));
        Assert.Contains("'dragon'", unknown.Message, StringComparison.Ordinal);
        Assert.Contains("triangle", unknown.Message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => _tokenizer.Encode("<padding>"));
    }
}
