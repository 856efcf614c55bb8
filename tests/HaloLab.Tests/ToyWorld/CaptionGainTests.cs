using System.Text.Json.Nodes;
using HaloLab.ToyWorld;
using HaloLab.ToyWorld.Pretraining;
using static TorchSharp.torch;

namespace HaloLab.Tests.ToyWorld;

public class CaptionGainTests
{
    [Fact]
    public void OnlyTheAttributeThatTheLossReadsGains()
    {
        ToyTokenizer tokenizer = new();
        long left = tokenizer.Encode("left")[1];
        string[] captions = ["a red circle moving left on a dark background", "a red circle moving down and a blue cross moving left on a light background"];
        using Tensor tokens = stack([.. captions.Select(caption => tensor(tokenizer.Encode(caption)))]);

        // A loss of 1 for each clip that has no object moving left.
        JsonObject gain = CaptionGain.Measure(tokens, changed => (changed == left).any(1).logical_not().to(ScalarType.Float32).mean().item<float>());
        Assert.Equal(0, gain["lossHeldOut"]!.GetValue<double>());
        Assert.Equal(0, gain["gainKind"]!.GetValue<double>());
        Assert.Equal(0, gain["gainColour"]!.GetValue<double>());
        Assert.Equal(0, gain["gainBackground"]!.GetValue<double>());

        // Left becomes right; down, the last, becomes left.
        Assert.Equal(0.5, gain["gainDirection"]!.GetValue<double>());
    }

    [Fact]
    public void BindingIsWhatExchangedKindsCost()
    {
        ToyTokenizer tokenizer = new();
        long red = tokenizer.Encode("red")[1];
        long circle = tokenizer.Encode("circle")[1];
        string[] captions = ["a red circle moving left on a dark background", "a red circle moving down and a blue cross moving left on a light background"];
        using Tensor tokens = stack([.. captions.Select(caption => tensor(tokenizer.Encode(caption)))]);

        // A loss of 1 for each clip without a red circle. With one object there is nothing to exchange.
        JsonObject gain = CaptionGain.Measure(tokens, changed => ((changed == red) & (changed.roll(-1, 1) == circle)).any(1).logical_not().to(ScalarType.Float32).mean().item<float>());
        Assert.Equal(0.5, gain["gainBinding"]!.GetValue<double>());
        Assert.Equal(1, gain["gainKind"]!.GetValue<double>());
    }
}
