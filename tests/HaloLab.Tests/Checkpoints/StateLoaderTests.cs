using HaloLab.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace HaloLab.Tests.Checkpoints;

public class StateLoaderTests
{
    [Fact]
    public void EverythingThatDoesNotFitIsReportedTogetherAndNothingIsCopied()
    {
        using var scope = NewDisposeScope();
        using TorchSharp.Modules.Sequential model = Sequential(("a", new HaloLab.Models.Layers.Linear(2, 2)), ("b", new HaloLab.Models.Layers.Linear(2, 1)));
        foreach (Tensor parameter in model.parameters())
        {
            using var noGradient = no_grad();
            parameter.fill_(5);
        }

        Dictionary<string, Tensor> tensors = new()
        {
            ["net.a.weight"] = zeros([2, 2]),
            ["net.a.bias"] = zeros([3]),
            ["net.b.weight"] = zeros([1, 2], ScalarType.Float64),
            ["net.c"] = zeros([1]),
            ["net.spare"] = zeros([1]),
            ["other"] = zeros([1]),
        };
        string message = Assert.Throws<InputException>(() => StateLoader.Load(model, tensors, "file.safetensors", "net.", ["spare"])).Message;
        Assert.StartsWith("file.safetensors:", message, StringComparison.Ordinal);
        Assert.Contains("1 missing: net.b.bias", message, StringComparison.Ordinal);
        Assert.Contains("1 unexpected: net.c", message, StringComparison.Ordinal);
        Assert.Contains("2 misfitting: net.a.bias is [3], not [2]; net.b.weight is Float64, not Float32", message, StringComparison.Ordinal);
        Assert.All(model.parameters(), parameter => Assert.Equal(5, parameter.max().item<float>()));
    }

    [Fact]
    public void ValuesAreCopiedIntoTheModelsOwnMemoryAndConvertedOnlyWhenAsked()
    {
        using var scope = NewDisposeScope();
        using HaloLab.Models.Layers.Linear layer = new(1, 1);
        Tensor weight = full([1, 1], 2.5, ScalarType.Float16);
        Dictionary<string, Tensor> tensors = new() { ["weight"] = weight, ["bias"] = ones([1]) };
        Assert.Throws<InputException>(() => StateLoader.Load(layer, tensors, "file"));
        StateLoader.Load(layer, tensors, "file", convert: true);
        weight.fill_(9);
        Assert.Equal(ScalarType.Float32, layer.weight.dtype);
        Assert.Equal(2.5f, layer.weight.item<float>());
        tensors["weight"] = ones([1, 1], ScalarType.Int64);
        Assert.Throws<InputException>(() => StateLoader.Load(layer, tensors, "file", convert: true));
    }
}
