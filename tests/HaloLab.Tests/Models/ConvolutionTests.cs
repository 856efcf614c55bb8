using HaloLab.Models.Layers;
using HaloLab.Tests.Goldens;
using TorchSharp;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models;

/// <summary>Convolutions and their gradients in float32 against those in float64: on some processors torch's own are wrong.</summary>
public class ConvolutionTests
{
    private const int Clips = 4;

    public static TheoryData<long, long> Channels() => new() { { 3, 8 }, { 32, 4 }, { 8, 3 }, { 40, 24 }, { 24, 40 }, { 12, 20 }, { 17, 5 }, { 16, 16 } };

    [Theory]
    [MemberData(nameof(Channels))]
    public void OverOneDimension(long inChannels, long outChannels) => Compare(new Conv1d(inChannels, outChannels, [3], padding: [1]), [inChannels, 8]);

    [Theory]
    [MemberData(nameof(Channels))]
    public void OverTwo(long inChannels, long outChannels) => Compare(new Conv2d(inChannels, outChannels, [3, 3], padding: [1, 1]), [inChannels, 8, 8]);

    [Theory]
    [MemberData(nameof(Channels))]
    public void OverThree(long inChannels, long outChannels) => Compare(new Conv3d(inChannels, outChannels, [3, 3, 3], padding: [1, 1, 1]), [inChannels, 2, 4, 4]);

    [Theory]
    [MemberData(nameof(Channels))]
    public void OverTimeAlone(long inChannels, long outChannels) => Compare(new Conv3d(inChannels, outChannels, [3, 1, 1], padding: [1, 0, 0]), [inChannels, 4, 4, 4]);

    /// <summary>With adapters of rank 2, whose first half is a convolution to two channels.</summary>
    private static void Compare(AdaptableLayer layer, long[] clip)
    {
        using var scope = NewDisposeScope();
        Initialisation.Draw(layer, 1);
        Lora adapter = layer.Attach(2, 1);
        using (no_grad())
        {
            adapter.lora_B.copy_(TensorOf("up", adapter.lora_B.shape));
        }

        Tensor input = TensorOf("input", [Clips, .. clip]);
        (Tensor Output, Tensor Input, Tensor A, Tensor B) actual = Gradients(ScalarType.Float32);
        (Tensor Output, Tensor Input, Tensor A, Tensor B) expected = Gradients(ScalarType.Float64);
        TensorAssert.Close(expected.Output, actual.Output, 1e-5, 1e-5, "output");
        TensorAssert.Close(expected.Input, actual.Input, 1e-5, 1e-5, "gradient of the input");
        TensorAssert.Close(expected.A, actual.A, 1e-4, 1e-5, "gradient of the first half of the adapter");
        TensorAssert.Close(expected.B, actual.B, 1e-4, 1e-5, "gradient of its second half");

        // A reference is computed without gradients: the same bits.
        layer.to(ScalarType.Float32);
        using (no_grad())
        {
            TensorAssert.Identical(actual.Output, layer.call(input), "output without gradients");
        }

        (Tensor, Tensor, Tensor, Tensor) Gradients(ScalarType type)
        {
            layer.to(type);
            layer.zero_grad();
            Tensor own = input.to(type).clone().requires_grad_();
            Tensor output = layer.call(own);
            (output * TensorOf("weights of the sum", output.shape).to(type)).sum().backward();
            Tensor Single(Tensor values) => values.detach().to(ScalarType.Float32);
            return (Single(output), Single(own.grad!), Single(adapter.lora_A.grad!), Single(adapter.lora_B.grad!));
        }
    }

    private static Tensor TensorOf(string purpose, long[] shape) => GranDpo.TinyPairs.Draw(purpose, shape);
}
