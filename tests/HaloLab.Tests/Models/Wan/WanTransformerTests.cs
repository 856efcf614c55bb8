using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.Layers;
using HaloLab.Models.Wan;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Wan;

public class WanTransformerTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("wan", "wan_transformer*");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void OutputTapsAndGradientsMatchTheReference(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        WanTransformer model = Load(golden);
        Dictionary<string, Tensor> taps = RecordTaps(model);
        Tensor latents = golden.Tensors["in.hidden_states"].clone().requires_grad_();
        Tensor text = golden.Tensors["in.encoder_hidden_states"].clone().requires_grad_();

        Tensor sample = model.call(latents, golden.Tensors["in.timestep"], text);
        Tensor loss = sample.square().mean();
        loss.backward();

        Compare(golden, "out.sample", sample);
        Compare(golden, "out.loss", loss.reshape(golden.Tensors["out.loss"].shape));
        foreach (string name in golden.WithPrefix("tap.").Keys)
        {
            Compare(golden, "tap." + name, taps[name]);
        }

        Dictionary<string, Tensor> inputs = new() { ["in.hidden_states"] = latents, ["in.encoder_hidden_states"] = text };
        foreach ((string name, Tensor parameter) in model.named_parameters())
        {
            inputs["param." + name] = parameter;
        }

        foreach (string name in golden.WithPrefix("grad.").Keys)
        {
            Compare(golden, "grad." + name, inputs[name].grad!);
        }
    }

    [Fact]
    public void KeysAndShapesAreThoseOfThePublishedFile()
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("wan", "wan_transformer").Single().Data);
        using WanTransformer model = new(Config(golden));
        string[] expected = [.. golden.Parameters().Select(pair => $"{pair.Key} [{string.Join(", ", pair.Value.shape)}]").Order()];
        string[] actual = [.. model.state_dict().Select(pair => $"{pair.Key} [{string.Join(", ", pair.Value.shape)}]").Order()];
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void FreshAdaptersOnAllFourProjectionsChangeNothing()
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("wan", "wan_transformer").Single().Data);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        WanTransformer model = Load(golden);
        Tensor Predict() => model.call(golden.Tensors["in.hidden_states"], golden.Tensors["in.timestep"], golden.Tensors["in.encoder_hidden_states"]);
        Tensor plain = Predict();
        AdaptableLayer[] attentionLayers = [.. model.named_modules().Where(pair => pair.name.Contains(".attn", StringComparison.Ordinal)).Select(pair => pair.module).OfType<AdaptableLayer>()];
        Assert.Equal(8 * model.Config.NumLayers, attentionLayers.Length);
        foreach (AdaptableLayer layer in attentionLayers)
        {
            Lora adapter = layer.Attach(rank: 2, scale: 1);
            nn.init.normal_(adapter.lora_A);
        }

        TensorAssert.Identical(plain, Predict(), "fresh adapters");
        nn.init.ones_(attentionLayers[^1].Adapters.Single().lora_B);
        Assert.False(plain.allclose(Predict()));
    }

    [Fact]
    public void AFreshModelPredictsZeroAndEveryParameterIsDrawn()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        WanTransformer model = new(new WanConfig { NumAttentionHeads = 2, AttentionHeadDim = 6, TextDim = 3, FreqDim = 4, FfnDim = 5, NumLayers = 1 });
        Initialisation.Draw(model, runSeed: 1);
        Tensor sample = model.call(ones([1, 16, 1, 4, 4]), ones(1), ones([1, 2, 3]));
        TensorAssert.Identical(zeros_like(sample), sample, "zero head");
        Assert.InRange(model.blocks[0].scale_shift_table.std().item<float>(), 0.5 / Math.Sqrt(12), 2 / Math.Sqrt(12));
        TensorAssert.Identical(ones(12), model.blocks[0].attn1.norm_q.weight, "norm");
    }

    [Fact]
    public void ForwardAndBackwardLeaveNoTensorsBehind()
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("wan", "wan_transformer").Single().Data);
        using WanTransformer model = Load(golden);
        Step(model, golden);
        long before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Step(model, golden);
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void RotaryPositionsKeepLengthsAndDependOnDifferencesOnly()
    {
        using var scope = NewDisposeScope();
        WanRotaryEmbedding rotary = new(headDim: 20);
        (Tensor cos, Tensor sin) = rotary.Tables(3, 4, 5, CPU);
        Tensor query = randn(1, 1, 1, 20).expand(1, 60, 1, 20);
        Tensor key = randn(1, 1, 1, 20).expand(1, 60, 1, 20);
        Tensor turnedQuery = RotaryPairs.Rotate(query, cos, sin);
        Tensor turnedKey = RotaryPairs.Rotate(key, cos, sin);
        TensorAssert.Close(query.norm(-1), turnedQuery.norm(-1), 1e-5);

        // Token (t, y, x) has index 20 t + 5 y + x: both pairs below differ by (1, 2, 3).
        double Score(int first, int second) => (turnedQuery[0, first, 0] * turnedKey[0, second, 0]).sum().item<float>();
        Assert.Equal(Score(0, 33), Score(26, 59), 1e-4);
        Assert.NotEqual(Score(0, 33), Score(0, 34), 1e-2);
    }

    [Theory]
    [InlineData("""{ "qk_norm": "rms_norm" }""", "qk_norm")]
    [InlineData("""{ "image_dim": 1280 }""", "image_dim")]
    [InlineData("""{ "patch_size": [2, 2] }""", "patch_size")]
    [InlineData("""{ "attention_head_dim": 21 }""", "attention_head_dim")]
    [InlineData("""{ "num_layers": 0 }""", "num_layers")]
    [InlineData("""{ "num_layers": "many" }""", "num_layers")]
    public void AConfigurationThatIsNotBuiltIsRefusedByField(string json, string field)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        InputException exception = Assert.Throws<InputException>(() => WanConfig.FromJson(document.RootElement, "config.json"));
        Assert.Contains("config.json", exception.Message, StringComparison.Ordinal);
        Assert.Contains(field, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LatentsThatDoNotSplitIntoPatchesAreRefused()
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("wan", "wan_transformer").Single().Data);
        using WanTransformer model = new(Config(golden));
        using Tensor latents = zeros([1, model.Config.InChannels, 1, 3, 4]);
        using Tensor timestep = zeros(1);
        using Tensor text = zeros(1, 2, model.Config.TextDim);
        Assert.Throws<ArgumentException>("latents_BCTHW", () => model.forward(latents, timestep, text));
    }

    private static WanConfig Config(GoldenCase golden) => WanConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath);

    private static WanTransformer Load(GoldenCase golden)
    {
        WanTransformer model = new(Config(golden));
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath);
        return model;
    }

    private static void Step(WanTransformer model, GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        model.call(golden.Tensors["in.hidden_states"], golden.Tensors["in.timestep"], golden.Tensors["in.encoder_hidden_states"]).square().mean().backward();
    }

    /// <summary>Compares within 6 times the reference's own float32 error, the suggested limit for the output, plus a float32 rounding of its size.</summary>
    private static void Compare(GoldenCase golden, string name, Tensor actual)
    {
        double error = golden.Json.GetProperty("fp32_vs_fp64_max_abs").GetProperty(name).GetDouble();
        TensorAssert.Close(golden.Tensors[name], actual, 6 * error, 1e-6, $"{golden.Name} {name}");
    }

    private static Dictionary<string, Tensor> RecordTaps(WanTransformer model)
    {
        Dictionary<string, Tensor> taps = [];
        Tensor Keep(string name, Tensor tensor)
        {
            taps[name] = tensor.detach().clone().DetachFromDisposeScope();
            return tensor;
        }

        model.patch_embedding.register_forward_hook((_, _, output) => Keep("patch_embedding", output));
        model.norm_out.register_forward_hook((_, _, output) => Keep("norm_out", output));
        model.condition_embedder.register_forward_hook((_, timestep, _, output) =>
        {
            Keep("time_sinusoid", TimestepSinusoid.Of(timestep, model.Config.FreqDim));
            Keep("temb", output.Time);
            Keep("timestep_proj", output.TimeProjection.flatten(1));
            Keep("text", output.Text);
            return output;
        });
        WanBlock first = model.blocks[0];
        first.attn1.norm_q.register_forward_hook((_, _, output) => Keep("block0.norm_q", output));
        first.attn1.register_forward_hook((_, _, _, _, output) => Keep("block0.attn1", output));
        first.attn2.register_forward_hook((_, _, _, _, output) => Keep("block0.attn2", output));
        first.ffn.register_forward_hook((_, _, output) => Keep("block0.ffn", output));
        first.register_forward_hook((_, _, _, _, rotary, output) =>
        {
            Keep("rope_cos", rotary.Cos.repeat_interleave(2, dim: -1));
            Keep("rope_sin", rotary.Sin.repeat_interleave(2, dim: -1));
            return Keep("block0.out", output);
        });
        return taps;
    }
}
