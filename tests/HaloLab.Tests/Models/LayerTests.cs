using HaloLab.Models.Layers;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models;

public class LayerTests
{
    public static TheoryData<AdaptableLayer, long[]> Layers() => new()
    {
        { new Linear(3, 4), [2, 3] },
        { new Conv1d(3, 4, [3], [2], [1]), [2, 3, 8] },
        { new Conv2d(3, 4, [3, 3], [2, 2], [1, 1]), [2, 3, 8, 8] },
        { new Conv3d(3, 4, [3, 1, 1], null, [1, 0, 0]), [2, 3, 4, 5, 6] },
    };

    [Theory]
    [MemberData(nameof(Layers), DisableDiscoveryEnumeration = true)]
    public void AdapterEqualsTheMergedWeightAndOffIsTheBaseBitForBit(AdaptableLayer layer, long[] inputShape)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        nn.init.normal_(layer.weight);
        nn.init.normal_(layer.bias!);
        Tensor input = randn(inputShape);
        Tensor plain = layer.forward(input);
        Lora adapter = layer.Attach(rank: 2, scale: 0.5);
        TensorAssert.Identical(plain, layer.forward(input), "fresh adapter");
        nn.init.normal_(adapter.lora_A);
        nn.init.normal_(adapter.lora_B);
        Tensor adapted = layer.forward(input);
        adapter.Enabled = false;
        TensorAssert.Identical(plain, layer.forward(input), "adapter off");
        Tensor added = adapter.lora_B.flatten(1).matmul(adapter.lora_A.flatten(1)).mul(0.5).reshape(layer.weight.shape);
        layer.weight.add_(added);
        TensorAssert.Close(layer.forward(input), adapted, 1e-5);
        Assert.Contains("lora.lora_A", layer.state_dict().Keys);
    }

    [Fact]
    public void FreezingALayerDoesNotChangeItsBits()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using Linear layer = new(8, 8);
        nn.init.normal_(layer.weight);
        Tensor strided = randn([2, 8, 2, 4, 4]).movedim([1], [-1]);
        Tensor trained = layer.forward(strided);
        layer.weight.requires_grad = false;
        layer.bias!.requires_grad = false;
        TensorAssert.Identical(trained, layer.forward(strided));
    }
}
