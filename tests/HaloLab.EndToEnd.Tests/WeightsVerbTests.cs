using CliWrap.Buffered;
using HaloLab.Checkpoints;
using HaloLab.Models.Wan;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.EndToEnd.Tests;

/// <summary><c>halolab weights</c> on the reference checkpoints, as a user runs it.</summary>
public sealed class WeightsVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-weights-verb").FullName;

    private static string Golden(params string[] parts) => Path.Combine([RepositoryRoot.Path, "tests", "goldens", .. parts]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task InspectSaysWhatFilesAre()
    {
        string wan = await Wan();
        Assert.Contains("Wan2.1 transformer, diffusers layout", await Output("weights", "inspect", wan), StringComparison.Ordinal);
        Assert.Contains("LoRA adapter, diffusers", await Output("weights", "inspect", Golden("lora", "wan_pytorch_lora_weights.safetensors")), StringComparison.Ordinal);
        Assert.Contains("LoRA adapter, peft", await Output("weights", "inspect", Golden("lora", "tiny_adapter_model.safetensors")), StringComparison.Ordinal);
        Assert.Contains("list without names", await Output("weights", "inspect", Golden("lora", "unet_lora_tensors.pt")), StringComparison.Ordinal);
        string text = await Output("weights", "inspect", Golden("lora", "model.ckpt"), "--statistics");
        Assert.Contains("VideoCrafter2 checkpoint", text, StringComparison.Ordinal);
        Assert.Contains("epoch = 3", text, StringComparison.Ordinal);
        Assert.Contains("state_dict.empty F32 [0, 4] NaN to NaN", text, StringComparison.Ordinal);
        Assert.Contains("not finite", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConvertRenamesBothWaysAndChangesTypes()
    {
        string wan = await Wan();
        (string original, string back, string half) = (Path.Combine(_folder, "original.safetensors"), Path.Combine(_folder, "back.safetensors"), Path.Combine(_folder, "half.safetensors"));
        await Output("weights", "convert", wan, original, "--other-layout");
        Assert.Contains("Wan2.1 transformer, original layout", await Output("weights", "inspect", original), StringComparison.Ordinal);
        await Output("weights", "convert", original, back, "--other-layout");
        Assert.Contains("The same", await Output("weights", "diff", wan, back), StringComparison.Ordinal);
        await Output("weights", "convert", wan, half, "--dtype", "bf16");
        Assert.Contains("F32 in A, BF16 in B, largest difference", await Output("weights", "diff", wan, half), StringComparison.Ordinal);
        Assert.All(Safetensors.Load(half).Values, tensor => Assert.Equal(ScalarType.BFloat16, tensor.dtype));
    }

    [Fact]
    public async Task ConvertTakesAStateDictOutOfATorchFile()
    {
        string to = Path.Combine(_folder, "state.safetensors");
        await Output("weights", "convert", Golden("lora", "model.ckpt"), to, "--prefix", "state_dict.");
        Dictionary<string, Tensor> expected = Safetensors.Load(Golden("lora", "model_ckpt_expected.safetensors")).Where(item => item.Key.StartsWith("out.state_dict.", StringComparison.Ordinal)).ToDictionary(item => item.Key["out.state_dict.".Length..], item => item.Value);
        Dictionary<string, Tensor> written = Safetensors.Load(to);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), written.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, item => TensorAssert.Identical(item.Value, written[item.Key], item.Key));
    }

    [Fact]
    public async Task AMergedAdapterGivesTheAdaptedModel()
    {
        string merged = Path.Combine(_folder, "merged.safetensors");
        await Output("weights", "merge-lora", await Wan(), Golden("lora", "wan_pytorch_lora_weights.safetensors"), merged);
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("lora", "wan_lora").Single().Data);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        WanTransformer model = new(WanConfig.FromJson(golden.Json.GetProperty("transformer"), golden.JsonPath));
        StateLoader.Load(model, Safetensors.Load(merged), merged);
        TensorAssert.Close(golden.Tensors["out.with_lora"], model.call(golden.Tensors["in.latent"], golden.Tensors["in.timestep"], golden.Tensors["in.text"]), 1e-5);
    }

    [Fact]
    public async Task VerifyChecksNamesShapesAndValues()
    {
        string wan = await Wan();
        string config = Path.Combine(_folder, "config.json");
        await Refused("config.json", "weights", "verify", wan);
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("lora", "wan_lora").Single().Data);
        await File.WriteAllTextAsync(config, golden.Json.GetProperty("transformer").GetRawText(), TestContext.Current.CancellationToken);
        Assert.Contains("every value finite", await Output("weights", "verify", wan), StringComparison.Ordinal);
        string original = Path.Combine(_folder, "original.safetensors");
        await Output("weights", "convert", wan, original, "--other-layout");
        Assert.Contains("every value finite", await Output("weights", "verify", original, "--config", config), StringComparison.Ordinal);
        await Refused("no model to check it against", "weights", "verify", Golden("lora", "tiny_adapter_model.safetensors"));

        Dictionary<string, Tensor> parameters = Safetensors.Load(wan);
        string first = parameters.Keys.First();
        Dictionary<string, Tensor> without = parameters.Where(item => item.Key != first).ToDictionary();
        Safetensors.Save(wan, without);
        await Refused($"1 missing: {first}", "weights", "verify", wan);
        Safetensors.Save(wan, new Dictionary<string, Tensor>(without) { [first] = parameters[first].unsqueeze(0) });
        await Refused("1 misfitting", "weights", "verify", wan);
        parameters[first].flatten()[0].fill_(float.NaN);
        Safetensors.Save(wan, parameters);
        await Refused($"not finite: {first}", "weights", "verify", wan);
        await File.WriteAllTextAsync(config, "{", TestContext.Current.CancellationToken);
        await Refused("is no JSON", "weights", "verify", wan);
    }

    [Fact]
    public async Task WhatDoesNotFitIsRefusedAndNothingIsWritten()
    {
        string to = Path.Combine(_folder, "to.safetensors");
        await Refused("cannot be read", "weights", "inspect", Path.Combine(_folder, "missing.safetensors"));
        await Refused("posix.system", "weights", "inspect", Golden("lora", "bad_os_system.ckpt"));
        await Refused("no table to another layout", "weights", "convert", Golden("lora", "tiny_adapter_model.safetensors"), to, "--other-layout");
        await Refused("none of its", "weights", "convert", Golden("lora", "model.ckpt"), to, "--prefix", "absent.");
        await Refused("has no 'proj.weight'", "weights", "merge-lora", await Wan(), Golden("lora", "tiny_adapter_model.safetensors"), to);
        await Refused("f32", "weights", "convert", await Wan(), to, "--dtype", "f8");
        Assert.False(File.Exists(to));
    }

    private static async Task<string> Output(params string[] arguments)
    {
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.IsSuccess, result.StandardError);
        return result.StandardOutput;
    }

    private static async Task Refused(string expected, params string[] arguments)
    {
        BufferedCommandResult result = await HaloLabProgram.Run(arguments);
        Assert.True(result.ExitCode == 2, $"exit code {result.ExitCode}: {result.StandardError}");
        Assert.DoesNotContain("   at ", result.StandardError, StringComparison.Ordinal);
        Assert.Contains(expected, result.StandardError, StringComparison.Ordinal);
    }

    /// <summary>The tiny Wan transformer as a file of its own.</summary>
    private async Task<string> Wan()
    {
        string path = Path.Combine(_folder, "wan.safetensors");
        Dictionary<string, Tensor> parameters = Safetensors.Load(Golden("lora", "wan_lora.safetensors")).Where(item => item.Key.StartsWith("param.", StringComparison.Ordinal)).ToDictionary(item => item.Key["param.".Length..], item => item.Value);
        await Task.Run(() => Safetensors.Save(path, parameters));
        return path;
    }
}
