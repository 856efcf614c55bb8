using System.Text;
using HaloLab.Checkpoints;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Checkpoints;

public sealed class WeightFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-weights").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ShardsAreReadAsOneCheckpoint()
    {
        WriteShards();
        using IWeightFile file = WeightFiles.Open(_folder);
        Assert.Equal(["a", "b", "c"], file.Entries.Keys);
        Assert.Equal(["F32", "I64", "BF16"], file.Entries.Values.Select(entry => entry.StoredType));
        Assert.Equal([2, 3], file.Entries["a"].Shape);
        TensorAssert.Identical(arange(6, dtype: float32).view(2, 3), file.Read("a"));
        TensorAssert.Identical(ones(4).to(ScalarType.BFloat16), file.Read("c"));
    }

    [Theory]
    [InlineData("""{ "weight_map": { "a": "1.safetensors", "b": "1.safetensors" } }""", "'c'", "does not place")]
    [InlineData("""{ "weight_map": { "a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors", "d": "2.safetensors" } }""", "'d'", "does not hold")]
    [InlineData("""{ "weight_map": { "a": "../1.safetensors" } }""", "../1.safetensors", "same folder")]
    [InlineData("""{ "weight_map": { "a": "3.safetensors" } }""", "3.safetensors", "cannot be read")]
    [InlineData("""{ "weights": {} }""", "index.json", "weight_map")]
    [InlineData("{", "index.json", "cannot be read")]
    public void AnIndexThatDoesNotFitIsRefused(string index, params string[] expected)
    {
        WriteShards();
        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), index);
        if (index.Contains("\"b\": \"1.safetensors\" } }", StringComparison.Ordinal))
        {
            // A tensor in a file that the index knows, but not the tensor.
            Safetensors.Save(Path.Combine(_folder, "1.safetensors"), new Dictionary<string, Tensor> { ["a"] = ones(1), ["b"] = ones(1), ["c"] = ones(1) });
        }

        string message = Assert.Throws<InputException>(() => WeightFiles.Open(_folder)).Message;
        Assert.All(expected, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void AFolderWithoutOneCheckpointIsRefused()
    {
        Assert.Contains("holds no checkpoint", Assert.Throws<InputException>(() => WeightFiles.Open(_folder)).Message, StringComparison.Ordinal);
        Safetensors.Save(Path.Combine(_folder, "x.safetensors"), new Dictionary<string, Tensor> { ["a"] = ones(1) });
        Safetensors.Save(Path.Combine(_folder, "y.safetensors"), new Dictionary<string, Tensor> { ["a"] = ones(1) });
        Assert.Contains("x.safetensors, y.safetensors", Assert.Throws<InputException>(() => WeightFiles.Open(_folder)).Message, StringComparison.Ordinal);
    }

    // Values from the format's definition: OCP 8-bit floating point, tables 1 and 2.
    [Theory]
    [InlineData("F8_E4M3", 0x7e, 448)]
    [InlineData("F8_E4M3", 0x08, 0.015625)]
    [InlineData("F8_E4M3", 0x01, 0.001953125)]
    [InlineData("F8_E4M3", 0xb8, -1)]
    [InlineData("F8_E4M3", 0x7f, double.NaN)]
    [InlineData("F8_E5M2", 0x7b, 57344)]
    [InlineData("F8_E5M2", 0x7c, double.PositiveInfinity)]
    [InlineData("F8_E5M2", 0x01, 0.0000152587890625)]
    [InlineData("F8_E5M2", 0xbc, -1)]
    public void EightBitFloatsComeExactly(string type, byte code, double expected)
    {
        byte[] header = Encoding.UTF8.GetBytes($$$"""{"a":{"dtype":"{{{type}}}","shape":[1,2],"data_offsets":[0,2]}}""");
        string path = Path.Combine(_folder, "eight.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)header.Length), .. header, code, 0]);
        using IWeightFile file = WeightFiles.Open(path);
        using Tensor read = file.Read("a");
        Assert.Equal(type, file.Entries["a"].StoredType);
        Assert.Equal([1, 2], read.shape);
        Assert.Equal(expected, read.to(ScalarType.Float64)[0, 0].item<double>());
    }

    [Fact]
    public void TensorsCanBeWrittenOneAfterTheOther()
    {
        string path = Path.Combine(_folder, "streamed.safetensors");
        List<string> made = [];
        Safetensors.Save(path, [("b", ScalarType.Float32, [2]), ("a", ScalarType.Int64, [3])], name =>
        {
            made.Add(name);
            return name == "a" ? arange(3, dtype: ScalarType.Int64) : ones(2);
        });
        Assert.Equal(["a", "b"], made);
        Dictionary<string, Tensor> loaded = Safetensors.Load(path);
        TensorAssert.Identical(arange(3, dtype: ScalarType.Int64), loaded["a"]);
        Assert.Throws<ArgumentException>(() => Safetensors.Save(path, [("a", ScalarType.Float32, [3])], _ => ones(2)));
        TensorAssert.Identical(ones(2), Safetensors.Load(path)["b"], "the file that was there stays");
    }

    private void WriteShards()
    {
        Safetensors.Save(Path.Combine(_folder, "1.safetensors"), new Dictionary<string, Tensor> { ["a"] = arange(6, dtype: float32).view(2, 3), ["b"] = arange(3, dtype: ScalarType.Int64) });
        Safetensors.Save(Path.Combine(_folder, "2.safetensors"), new Dictionary<string, Tensor> { ["c"] = ones(4).to(ScalarType.BFloat16) });
        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), """{ "metadata": {}, "weight_map": { "a": "1.safetensors", "b": "1.safetensors", "c": "2.safetensors" } }""");
    }
}
