using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Adapters;

public sealed class LoraFileTests : IDisposable
{
    private const string Config = """{ "r": 2, "lora_alpha": 4, "rank_pattern": { "second": 1 }, "alpha_pattern": { "sec.nd": 3 } }""";

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-lora").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void PatternsSetRankAndAlphaOfSingleLayers()
    {
        Write(Config, ("first", 2), ("block.second", 1));
        using LoraFile file = LoraFile.Load(_folder);
        Assert.Equal(2, file.Layers["first"].Scale);
        Assert.Equal(3, file.Layers["block.second"].Scale);
    }

    [Fact]
    public void DifferentRanksAndScalesComeBack()
    {
        using LoraFile file = new([.. new[] { (Name: "a.b", Rank: 2, Scale: 0.5), (Name: "a", Rank: 1, Scale: 2.0), (Name: "c", Rank: 2, Scale: 3.0) }
            .Select(item => KeyValuePair.Create(item.Name, new LoraLayer(ones(item.Rank, 3), ones(4, item.Rank), item.Scale)))]);
        file.SavePeft(_folder);
        using LoraFile again = LoraFile.Load(_folder);
        Assert.All(file.Layers, item => Assert.Equal((item.Value.Rank, item.Value.Scale), (again.Layers[item.Key].Rank, again.Layers[item.Key].Scale)));
    }

    [Theory]
    [InlineData("""{ "r": 2 }""", "lora_alpha")]
    [InlineData("""{ "r": 3, "lora_alpha": 4 }""", "rank 3")]
    [InlineData("""{ "r": 2, "lora_alpha": 4, "use_dora": true }""", "magnitude")]
    [InlineData("""{ "r": 2, "lora_alpha": 4, "bias": "all" }""", "'bias'")]
    [InlineData("""{ "r": 2, "lora_alpha": 4, "fan_in_fan_out": true }""", "'fan_in_fan_out'")]
    [InlineData("""{ "r": 2, "lora_alpha": 4, "rank_pattern": { "(": 1 } }""", "cannot be read")]
    [InlineData("""{ "r": 2, "lora_alpha": 4, "alpha_pattern": { "(a)\\1": 1 } }""", "cannot be read")]
    [InlineData("no json", "cannot be read")]
    public void SettingsThatAreNotUnderstoodAreRefused(string config, string expected)
    {
        Write(config, ("first", 2));
        Assert.Contains(expected, Assert.Throws<InputException>(() => LoraFile.Load(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AdaptersOfAnotherModelAreRefused()
    {
        using LoraFile strange = new([KeyValuePair.Create("elsewhere", new LoraLayer(ones(1, 3), ones(4, 1), 1))]);
        using LoraFile wide = new([KeyValuePair.Create("0", new LoraLayer(ones(1, 5), ones(4, 1), 1))]);
        using TorchSharp.Modules.Sequential model = nn.Sequential(("0", new Linear(3, 4)));
        Assert.Contains("elsewhere", Assert.Throws<InputException>(() => LoraAdapters.Attach(model, strange, "file")).Message, StringComparison.Ordinal);
        Assert.Contains("[1, 5]", Assert.Throws<InputException>(() => LoraAdapters.Attach(model, wide, "file")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KeysThatAreNoAdapterAreRefused()
    {
        string path = Path.Combine(_folder, "lora.safetensors");
        Safetensors.Save(path, new Dictionary<string, Tensor> { ["unet.a.lora_A.weight"] = ones(2, 3), ["unet.a.lora_B.weight"] = ones(3, 2), ["unet.a.weight"] = ones(3, 3) });
        Assert.Contains("unet.a.weight", Assert.Throws<InputException>(() => LoraFile.Load(path)).Message, StringComparison.Ordinal);
        Safetensors.Save(path, new Dictionary<string, Tensor> { ["unet.a.lora_A.weight"] = ones(2, 3) });
        Assert.Contains("lora_B", Assert.Throws<InputException>(() => LoraFile.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SeveralAdaptersOfALayerAddUpByTheirStrengths()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Linear layer = new(3, 4);
        nn.init.normal_(layer.weight);
        TorchSharp.Modules.Sequential model = nn.Sequential(("0", layer));
        LoraLayer first = new(randn(1, 3), randn(4, 1), 2);
        LoraLayer second = new(randn(2, 3), randn(4, 2), 0.5);
        LoraAdapters.Attach(model, new LoraFile([KeyValuePair.Create("0", first)]), "first");
        LoraAdapters.Attach(model, new LoraFile([KeyValuePair.Create("0", second)]), "second").SetStrength(0.3);
        Tensor input = randn(5, 3);
        Tensor weight = layer.weight + (2 * first.B.matmul(first.A)) + (0.15 * second.B.matmul(second.A));
        TensorAssert.Close(nn.functional.linear(input, weight, layer.bias), model.forward(input), 1e-5);
    }

    private void Write(string config, params (string Layer, int Rank)[] layers)
    {
        File.WriteAllText(Path.Combine(_folder, "adapter_config.json"), config);
        Safetensors.Save(Path.Combine(_folder, "adapter_model.safetensors"), layers
            .SelectMany(item => new[] { ($"base_model.model.{item.Layer}.lora_A.weight", ones(item.Rank, 3)), ($"base_model.model.{item.Layer}.lora_B.weight", ones(4, item.Rank)) })
            .ToDictionary(item => item.Item1, item => item.Item2));
    }
}
