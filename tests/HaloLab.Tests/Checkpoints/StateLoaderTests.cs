using HaloLab.Checkpoints;
using HaloLab.Tests.Goldens;
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

    /// <summary>Sizes beyond the pieces in which files are read and converted; the file's tensors do not begin at multiples of anything.</summary>
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void AFileGoesIntoTheModelPieceByPieceAndConverted(ScalarType type)
    {
        using var scope = NewDisposeScope();
        string path = Path.Combine(Directory.CreateTempSubdirectory("halolab-state").FullName, "model.safetensors");
        try
        {
            (long inputs, long outputs) = (1031, 2053);
            Tensor weight = (arange(inputs * outputs, ScalarType.Float64) % 251).view(outputs, inputs).to(type);
            Tensor bias = arange(outputs, ScalarType.Float64).remainder(17).to(type);
            Safetensors.Save(path, new Dictionary<string, Tensor> { ["a"] = ones([3], ScalarType.Byte), ["bias"] = bias, ["weight"] = weight });
            using HaloLab.Models.Layers.Linear layer = new(inputs, outputs);
            using (SafetensorsFile file = SafetensorsFile.Open(path))
            {
                StateLoader.Load(layer, file, ["a"]);
            }

            Assert.Equal(ScalarType.Float32, layer.weight.dtype);
            TensorAssert.Identical(weight.to(ScalarType.Float32), layer.weight);
            TensorAssert.Identical(bias.to(ScalarType.Float32), layer.bias!);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }
}
