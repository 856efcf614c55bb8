using System.Text;
using HaloLab.Checkpoints;
using static TorchSharp.torch;

namespace HaloLab.Tests.Checkpoints;

public sealed class SafetensorsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-safetensors").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void EveryTypeAndShapeComesBackBitForBit()
    {
        string path = Path.Combine(_folder, "all.safetensors");
        Dictionary<string, Tensor> tensors = new()
        {
            ["f64"] = randn(3, 4, dtype: float64),
            ["f32"] = randn(2, 3, 5),
            ["f16"] = randn(7).to(ScalarType.Float16),
            ["bf16"] = randn(5).to(ScalarType.BFloat16),
            ["i64"] = arange(6, dtype: int64),
            ["u8"] = arange(5).to(ScalarType.Byte),
            ["bool"] = tensor(new[] { true, false }),
            ["scalar"] = tensor(3.5f),
            ["empty"] = zeros(0, 3),
            ["transposed"] = arange(6, dtype: float32).reshape(2, 3).t(),
        };
        Safetensors.Save(path, tensors, new Dictionary<string, string> { ["from"] = "a test" });
        Dictionary<string, Tensor> loaded = Safetensors.Load(path, out Dictionary<string, string> metadata);
        Assert.Equal("a test", metadata["from"]);
        Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), loaded.Keys.Order(StringComparer.Ordinal));
        Assert.All(tensors, pair => Goldens.TensorAssert.Identical(pair.Value, loaded[pair.Key], pair.Key));
    }

    [Fact]
    public void EqualContentsGiveEqualBytes()
    {
        string first = Path.Combine(_folder, "1.safetensors");
        string second = Path.Combine(_folder, "2.safetensors");
        Tensor a = ones(2);
        Tensor b = zeros(3);
        Safetensors.Save(first, new Dictionary<string, Tensor> { ["a"] = a, ["b"] = b });
        Safetensors.Save(second, new Dictionary<string, Tensor> { ["b"] = b, ["a"] = a });
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Theory]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "lies at 0..8 of 4")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12, "cover 8 bytes")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "needs 12 bytes")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8]}}", 8, "1 offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, "3 offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "'F99'")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "negative")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4611686018427387904],\"data_offsets\":[0,8]}}", 8, "impossible")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "starts at byte 0")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "expected 0")]
    [InlineData("{\"a\":{\"dtype\":\"F32\"}}", 8, "header cannot be read")]
    [InlineData("not json", 8, "header cannot be read")]
    public void BrokenHeadersAreRefusedByName(string header, int dataBytes, string expectedMessage)
    {
        string path = Path.Combine(_folder, "broken.safetensors");
        byte[] text = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)text.Length), .. text, .. new byte[dataBytes]]);
        InputException exception = Assert.Throws<InputException>(() => Safetensors.Load(path));
        Assert.Contains(expectedMessage, exception.Message, StringComparison.Ordinal);
        Assert.Contains("broken.safetensors", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingShortAndHugeFilesAreRefused()
    {
        Assert.Throws<InputException>(() => Safetensors.Load(Path.Combine(_folder, "none.safetensors")));
        string path = Path.Combine(_folder, "short.safetensors");
        File.WriteAllBytes(path, [1, 2, 3]);
        Assert.Contains("shorter than 8 bytes", Assert.Throws<InputException>(() => Safetensors.Load(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes(long.MaxValue), 0]);
        Assert.Contains("claims", Assert.Throws<InputException>(() => Safetensors.Load(path)).Message, StringComparison.Ordinal);
    }
}
