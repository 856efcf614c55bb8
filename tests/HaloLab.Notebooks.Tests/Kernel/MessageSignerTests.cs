using System.Text;
using HaloLab.Notebooks.Kernel;

namespace HaloLab.Notebooks.Tests.Kernel;

public class MessageSignerTests
{
    // RFC 4231, test case 2, the data cut into Jupyter's four parts.
    private const string Expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    private static readonly byte[][] Parts = [.. new[] { "what do ya", " want ", "for ", "nothing?" }.Select(Encoding.ASCII.GetBytes)];

    [Fact]
    public void SignsAsTheStandardSays() => Assert.Equal(Expected, new MessageSigner("Jefe").Sign(Parts));

    [Fact]
    public void OnlyTheRightSignatureIsRight()
    {
        MessageSigner signer = new("Jefe");
        Assert.True(signer.IsRight(Parts, Expected));
        Assert.False(signer.IsRight(Parts, Expected.Replace('5', '6')));
        Assert.False(signer.IsRight(Parts, ""));
        Assert.False(signer.IsRight([.. Parts.Reverse()], Expected));
        Assert.False(new MessageSigner("other").IsRight(Parts, Expected));
    }

    [Fact]
    public void WithoutAKeyNothingIsSigned()
    {
        Assert.Equal("", new MessageSigner("").Sign(Parts));
        Assert.True(new MessageSigner("").IsRight(Parts, ""));
    }
}
