using HaloLab.Models.Layers;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using static TorchSharp.torch;

namespace HaloLab.Tests.ToyWorld;

public class KindOfColourTests
{
    [Fact]
    public void KnowingNothingCostsTheLogarithmOfTheChoices()
    {
        using KindOfColour kinds = Create();
        using Tensor summary = zeros(1, LayoutPrior.SummaryWidth);
        using Tensor loss = kinds.call(Tokens("a red circle moving left on a dark background"), summary);

        // Four kinds, or no object of this colour.
        Assert.Equal(Math.Log(5), loss.item<float>(), 1e-6);
    }

    [Fact]
    public void TheSummaryLearnsWhichObjectHasWhichKind()
    {
        const string Right = "a red circle moving left and a blue cross moving up on a dark background";
        const string Exchanged = "a red cross moving left and a blue circle moving up on a dark background";
        using KindOfColour kinds = Create();
        using Tensor summary = ones(1, LayoutPrior.SummaryWidth);
        for (int step = 0; step < 50; step++)
        {
            using var scope = NewDisposeScope();
            kinds.zero_grad();
            kinds.call(Tokens(Right), summary).backward();
            using var noGradient = no_grad();
            foreach (Tensor parameter in kinds.parameters())
            {
                parameter.sub_(parameter.grad! * 0.1);
            }
        }

        Assert.True(kinds.call(Tokens(Right), summary).item<float>() < 0.05);
        Assert.True(kinds.call(Tokens(Exchanged), summary).item<float>() > 1);
    }

    private static KindOfColour Create()
    {
        KindOfColour kinds = new();
        Initialisation.Draw(kinds, 1);
        return kinds;
    }

    private static Tensor Tokens(string caption) => tensor(new ToyTokenizer().Encode(caption)).unsqueeze(0);
}
