using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Tests.Goldens;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Adapters;

/// <summary>Adapters as peft and diffusers save and apply them (tests/goldens/lora; tolerances from its README).</summary>
[Trait("Category", "Golden")]
public sealed class LoraGoldenTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-lora").FullName;

    public static IEnumerable<TheoryDataRow<GoldenCase>> PeftCases() =>
        GoldenCase.Find("lora", "tiny*").Where(row => !row.Data.Name.EndsWith("_adapter_config", StringComparison.Ordinal));

    public static IEnumerable<TheoryDataRow<GoldenCase>> PeftFiles() => GoldenCase.Find("lora", "tiny*_adapter_config");

    public static IEnumerable<TheoryDataRow<GoldenCase>> WanCases() => GoldenCase.Find("lora", "wan_lora*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> PositionalCases() => GoldenCase.Find("lora", "unet_lora_positional*");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(PeftCases))]
    public void PeftAdaptersGiveTheReferencesOutputsAndGradients(GoldenCase golden)
    {
        const double Tolerance = 2e-6;
        using var scope = NewDisposeScope();
        Tensor Given(string name) => golden.Tensors[name];
        AdaptedClipModel model = new(golden.WithPrefix("param.base."));
        StateLoader.Load(model, golden.WithPrefix("param.base."), golden.JsonPath);
        Write(golden);
        using LoraFile file = LoraFile.Load(_folder);
        LoraAdapters adapters = LoraAdapters.Attach(model, file, golden.JsonPath);

        Tensor output = model.forward(Given("in.x"));
        TensorAssert.Close(Given("out.y"), output, Tolerance, what: "adapted");
        Tensor loss = (output - Given("in.target")).square().mean();
        TensorAssert.Close(Given("out.loss"), loss, Tolerance, what: "loss");
        loss.backward();
        Dictionary<string, Parameter> parameters = adapters.Parameters.ToDictionary(item => item.Name, item => item.Parameter);
        Dictionary<string, Tensor> gradients = golden.WithPrefix("grad.base_model.model.");
        Assert.Equal(parameters.Count, gradients.Count);
        foreach ((string name, Tensor gradient) in gradients)
        {
            // The live module of peft puts the adapter's name, 'default', into a parameter's; magnitudes are no parameter of a layer of their own in the file.
            string key = name.Replace(".default.weight", name.Contains("magnitude", StringComparison.Ordinal) ? "" : ".weight", StringComparison.Ordinal);
            TensorAssert.Close(gradient, parameters[key].grad!, Tolerance, what: name);
        }

        using var noGradient = no_grad();
        adapters.Enable(false);
        Tensor plain = model.forward(Given("in.x"));
        TensorAssert.Close(Given("out.disabled"), plain, Tolerance, what: "switched off");
        adapters.Enable(true);
        adapters.Merge();
        TensorAssert.Close(Given("out.merged"), model.forward(Given("in.x")), Tolerance, what: "merged");
        foreach ((string name, Tensor weight) in golden.WithPrefix("out.merged_weight."))
        {
            TensorAssert.Close(weight, model.state_dict()[name], Tolerance, what: name);
        }

        adapters.Unmerge();
        adapters.Enable(false);
        TensorAssert.Identical(plain, model.forward(Given("in.x")), "taken out again");
    }

    [Theory]
    [MemberData(nameof(PeftFiles))]
    public void WhatIsSavedIsWhatPeftSaved(GoldenCase golden)
    {
        string path = Path.ChangeExtension(golden.JsonPath.Replace("_adapter_config", "_adapter_model", StringComparison.Ordinal), ".safetensors");
        using LoraFile file = LoraFile.Load(path);
        file.SavePeft(_folder);
        Dictionary<string, Tensor> before = Safetensors.Load(path);
        Dictionary<string, Tensor> after = Safetensors.Load(Path.Combine(_folder, "adapter_model.safetensors"));
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), after.Keys.Order(StringComparer.Ordinal));
        Assert.All(before, item => TensorAssert.Identical(item.Value, after[item.Key], item.Key));

        file.SaveDiffusers(Path.Combine(_folder, "diffusers.safetensors"), "unet");
        foreach (string saved in new[] { _folder, Path.Combine(_folder, "diffusers.safetensors") })
        {
            using LoraFile again = LoraFile.Load(saved);
            Assert.Equal(file.Layers.Keys.Order(StringComparer.Ordinal), again.Layers.Keys.Order(StringComparer.Ordinal));
            Assert.All(file.Layers, item => Assert.Equal(item.Value.Scale, again.Layers[item.Key].Scale, 1e-15));
        }
    }

    [Theory]
    [MemberData(nameof(WanCases))]
    public void DiffusersAdaptersOfWanAreReadWithTheirAlpha(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        WanTransformer model = new(WanConfig.FromJson(golden.Json.GetProperty("transformer"), golden.JsonPath));
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath);
        string path = Path.Combine(golden.Folder, golden.Json.GetProperty("lora_file").GetString()!);
        using LoraFile file = LoraFile.Load(path);
        LoraAdapters adapters = LoraAdapters.Attach(model, file, path);
        Tensor Predict() => model.call(golden.Tensors["in.latent"], golden.Tensors["in.timestep"], golden.Tensors["in.text"]);
        TensorAssert.Close(golden.Tensors["out.with_lora"], Predict(), 1e-5, what: "with the adapter");
        adapters.Enable(false);
        TensorAssert.Close(golden.Tensors["out.without_lora"], Predict(), 1e-5, what: "without");

        // Written again: the keys and shapes that diffusers wrote.
        string written = Path.Combine(_folder, "again.safetensors");
        adapters.ToFile().SaveDiffusers(written, "transformer");
        Dictionary<string, Tensor> tensors = Safetensors.Load(written);
        JsonProperty[] keys = [.. golden.Json.GetProperty("lora_keys").EnumerateObject()];
        Assert.Equal(keys.Select(key => key.Name).Order(StringComparer.Ordinal), tensors.Keys.Order(StringComparer.Ordinal));
        Assert.All(keys, key => Assert.Equal(key.Value.EnumerateArray().Select(length => length.GetInt64()), tensors[key.Name].shape));
    }

    [Theory]
    [MemberData(nameof(PositionalCases))]
    public void ListsWithoutNamesGoToTheLayersDepthFirst(GoldenCase golden)
    {
        foreach (string name in golden.Json.GetProperty("files").EnumerateArray().Select(item => item.GetString()!))
        {
            _ = golden.Tensors;
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            Dictionary<string, Tensor> parameters = golden.WithPrefix("param.").Where(item => !item.Key.StartsWith("lora_list.", StringComparison.Ordinal)).ToDictionary();
            PositionalModel model = new(parameters);
            StateLoader.Load(model, parameters, golden.JsonPath);
            Assert.Equal(golden.Json.GetProperty("modules_in_order").EnumerateArray().Select(item => item.GetString()), LoraAdapters.PositionalNamesOf(model));
            string path = Path.Combine(golden.Folder, name);
            using LoraFile file = LoraFile.LoadPositional(path, LoraAdapters.PositionalNamesOf(model));
            LoraAdapters adapters = LoraAdapters.Attach(model, file, path);
            Tensor Predict() => model.forward(golden.Tensors["in.x"], golden.Tensors["in.e"]);
            TensorAssert.Close(golden.Tensors["out.with_lora"], Predict(), 0, 1e-5, "with the list");
            adapters.SetStrength(0.5);
            TensorAssert.Close(golden.Tensors["out.with_lora_scale_half"], Predict(), 0, 1e-5, "at half strength");
            adapters.Enable(false);
            TensorAssert.Close(golden.Tensors["out.without_lora"], Predict(), 0, 1e-5, "without");
        }
    }

    /// <summary>The case's adapter in peft's form: not every case has the file that peft wrote.</summary>
    private void Write(GoldenCase golden)
    {
        bool Flag(string name) => golden.Json.TryGetProperty(name, out JsonElement flag) && flag.GetBoolean();
        File.WriteAllText(Path.Combine(_folder, "adapter_config.json"), JsonSerializer.Serialize(new
        {
            r = golden.Json.GetProperty("r").GetInt32(),
            lora_alpha = golden.Json.GetProperty("lora_alpha").GetDouble(),
            use_rslora = Flag("use_rslora"),
            use_dora = Flag("use_dora"),
        }));
        Safetensors.Save(Path.Combine(_folder, "adapter_model.safetensors"), golden.WithPrefix("param.adapter."));
    }
}
