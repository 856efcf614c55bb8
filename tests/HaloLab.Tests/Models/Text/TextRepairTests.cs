using System.Text;
using HaloLab.Models.Text;

namespace HaloLab.Tests.Models.Text;

public class TextRepairTests
{
    private static readonly string[] Sentences =
    [
        "Ein süßes Mädchen läuft über die Straße",
        "Une forêt enchantée où l'été s'achève",
        "El niño jugó en la montaña",
        "Кот сидит на крыше под дождём",
        "Μια γάτα στην ταράτσα",
        "東京の夜景、雨",
        "고양이가 지붕 위에 있다",
        "قطة على السطح",
        "Con mèo trên mái nhà đỏ",
        "Žluťoučký kůň běží",
        "a cat 🐱 — and a dog",
    ];

    public static TheoryData<string, int> Misread()
    {
        TheoryData<string, int> data = [];
        foreach (string sentence in Sentences)
        {
            data.Add(sentence, 1252);
            data.Add(sentence, 28591);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Misread))]
    public void Utf8ThatWasReadAsAWesternEncodingIsReadBack(string sentence, int codePage)
    {
        Encoding encoding = CodePagesEncodingProvider.Instance.GetEncoding(codePage) ?? Encoding.GetEncoding(codePage);
        string misread = encoding.GetString(Encoding.UTF8.GetBytes(sentence));
        Assert.NotEqual(sentence, misread);
        Assert.Equal(sentence, TextRepair.Fix(misread));
        string twice = encoding.GetString(Encoding.UTF8.GetBytes(misread));
        Assert.Equal(sentence, TextRepair.Fix(twice));
    }

    [Theory]
    [InlineData("RETWEET SE VOCÊ…")]
    [InlineData("NESTLÉ® and AHÅ™")]
    [InlineData("10 Å—20 °C, 3×… µm, ½ cup, £5")]
    [InlineData("Charlotte Brontë… writes")]
    [InlineData("∆° and a∞")]
    [InlineData("√π rad")]
    [InlineData("`¬´")]
    [InlineData("IL Y MARQUÉ…")]
    [InlineData("©Disney ™ §5 ¿Qué? ¡Olé! «été»")]
    public void TextThatOnlyResemblesMisreadTextStays(string text) => Assert.Equal(text, TextRepair.Fix(text));

    [Fact]
    public void GoodTextInAnyLanguageStays()
    {
        foreach (string sentence in Sentences)
        {
            Assert.Equal(sentence, TextRepair.Fix(sentence));
        }
    }

    [Theory]
    [InlineData("voilÃ le chat", "voilà le chat")]
    [InlineData("café, and sÃ© in one line", "café, and sé in one line")]
    [InlineData("doesnâ€™t", "doesn't")]
    [InlineData("\u0084quoted\u0093 \u0085", "\"quoted\" …")]
    [InlineData("&lt;b&gt; &EACUTE; &#233; &notanentity;", "<b> É é &notanentity;")]
    [InlineData("<b>&eacute;</b>", "<b>&eacute;</b>")]
    [InlineData("&amp;amp;lt;", "<")]
    [InlineData("ﬁne ﬄ Ĳ ŉ", "fine ffl IJ 'n")]
    [InlineData("ＦＵＬＬ\u3000ｶﾞ", "FULL ガ")]
    [InlineData("“a” ‘b’", "\"a\" 'b'")]
    [InlineData("a\r\nb\rc\u2028d", "a\nb\nc\nd")]
    [InlineData("\u001b[36;44mblue\u001b[0m", "blue")]
    [InlineData("\ufeffa\0b\u007f\tc", "ab\tc")]
    [InlineData("e\u0301 A\u030a \u1112\u1161\u11ab", "é Å 한")]
    public void EachDamageIsUndone(string damaged, string expected)
    {
        Assert.Equal(expected, TextRepair.Fix(damaged));
        Assert.Equal(expected, TextRepair.Fix(expected));
    }

    [Fact]
    public void ALoneSurrogateBecomesTheReplacementCharacter() => Assert.Equal("a\uFFFDb", TextRepair.Fix("a" + '\uD83D' + "b"));

    [Theory]
    [InlineData("&ltb &notit; &#x92; &#0; &#xD800; &#1114112; &#128512; &#1;|", "<b ¬it; ’ \uFFFD \uFFFD \uFFFD 😀 |")]
    [InlineData("&CounterClockwiseContourIntegral; &ngt; & &; &x", "∳ ≯ & &; &x")]
    public void EntitiesFollowTheHtmlStandard(string escaped, string expected) => Assert.Equal(expected, HtmlEntities.Unescape(escaped));

    [Theory]
    [InlineData("ΟΔΟΣ ΣΑΣ Σ Σ.Α", "οδος σας σ σ.α")]
    [InlineData("İI", "i\u0307i")]
    [InlineData("𐐀ǅß", "𐐨ǆß")]
    public void LowerCaseIsUnicodesFullMapping(string text, string expected) => Assert.Equal(expected, LowerCase.Of(text));

    // The conformance rules of Unicode Standard Annex 15: order of marks, blocking, exclusions, singletons, Hangul.
    [Theory]
    [InlineData("a\u0323\u0307", "ạ\u0307")]
    [InlineData("a\u0307\u0323", "ạ\u0307")]
    [InlineData("D\u0307\u0323", "Ḍ\u0307")]
    [InlineData("a\u0300\u0301", "à\u0301")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("\u212B\u2126", "ÅΩ")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("ㄱ각\u11A8", "ㄱ각\u11A8")]
    [InlineData("\u1100\u1161\u11A8x", "각x")]
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("ệ", "ệ")]
    public void CanonicalFormIsComposed(string text, string expected) => Assert.Equal(expected, CanonicalForm.Compose(text));
}
