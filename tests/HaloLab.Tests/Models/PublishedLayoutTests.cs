using HaloLab.Models;
using HaloLab.Tests.Goldens;

namespace HaloLab.Tests.Models;

public class PublishedLayoutTests
{
    [Theory]
    [InlineData("wan", "wan_transformer", "Wan2.1 transformer, diffusers layout")]
    [InlineData("wan", "umt5", "umT5 encoder, diffusers layout")]
    [InlineData("cogvideox", "transformer_2b", "CogVideoX transformer, diffusers layout")]
    [InlineData("cogvideox", "vae", "CogVideoX autoencoder, diffusers layout")]
    [InlineData("cogvideox", "t5", "T5 v1.1 encoder, transformers layout")]
    public void AFileIsRecognisedByTheNamesOfItsTensors(string folder, string name, string layout)
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find(folder, name).Single().Data);
        Assert.Equal(layout, PublishedLayout.Recognise([.. golden.Parameters().Keys])?.Name);
    }

    [Fact]
    public void NothingIsMadeOfUnknownNames() => Assert.Null(PublishedLayout.Recognise(["something.weight", "else.bias"]));
}
