using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.CogVideoX;
using HaloLab.Models.Layers;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.CogVideoX;

public class CogVideoXTransformerTests
{
    private const double Tolerance = 5e-5;
    private const double GradientTolerance = 1e-4;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => GoldenCase.Find("cogvideox", "transformer*");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void OutputTapsAndGradientsMatchTheReference(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        CogVideoXTransformer model = Load(golden);
        Dictionary<string, Tensor> taps = RecordTaps(model, golden);

        // The reference has frames before channels.
        Tensor latents = golden.Tensors["in.hidden_states"].clone().requires_grad_();
        Tensor text = golden.Tensors["in.encoder_hidden_states"].clone().requires_grad_();
        Tensor sample = model.call(latents.transpose(1, 2), golden.Tensors["in.timestep"], text).transpose(1, 2);
        Tensor loss = sample.square().mean();
        loss.backward();

        TensorAssert.Close(golden.Tensors["out.sample"], sample, Tolerance, what: "sample");
        TensorAssert.Close(golden.Tensors["out.loss"], loss.reshape(1), Tolerance, what: "loss");
        foreach ((string name, Tensor expected) in golden.WithPrefix("tap."))
        {
            TensorAssert.Close(expected, taps[name], Tolerance, what: name);
        }

        Dictionary<string, Tensor> inputs = new() { ["in.hidden_states"] = latents, ["in.encoder_hidden_states"] = text };
        foreach ((string name, Tensor parameter) in model.named_parameters())
        {
            inputs["param." + name] = parameter;
        }

        foreach ((string name, Tensor expected) in golden.WithPrefix("grad."))
        {
            TensorAssert.Close(expected, inputs[name].grad!, GradientTolerance * expected.abs().max().item<float>(), what: "gradient of " + name);
        }
    }

    [Fact]
    public void KeysAndShapesAreThoseOfThePublishedFile()
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("cogvideox", "transformer_2b").Single().Data);
        using CogVideoXTransformer model = new(Config(golden));
        string[] expected = [.. golden.Parameters().Select(pair => $"{pair.Key} [{string.Join(", ", pair.Value.shape)}]").Order()];
        string[] actual = [.. model.state_dict().Select(pair => $"{pair.Key} [{string.Join(", ", pair.Value.shape)}]").Order()];
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void TheDefaultsAreThePublished2BModel()
    {
        using CogVideoXTransformer model = new(new CogVideoXConfig());
        Assert.Equal(736, model.state_dict().Count);
        Assert.Equal(1_693_783_872, model.parameters().Sum(parameter => parameter.NumberOfElements));
    }

    [Theory]
    [InlineData(3, 4, 0, 4, 0, 5)]
    [InlineData(4, 3, 0, 4, 1, 3)]
    [InlineData(2, 5, 1, 2, 0, 5)]
    [InlineData(3, 5, 0, 3, 0, 5)]
    public void AnotherGridLiesInTheMiddleOfTheTrainedOne(long rows, long columns, double top, double height, double left, double width)
    {
        CogVideoXConfig config = new() { SampleHeight = 8, SampleWidth = 10 };
        Assert.Equal(((top, height), (left, width)), CogVideoXPositions.Region(config, rows, columns));
    }

    [Fact]
    public void ForwardAndBackwardLeaveNoTensorsBehind()
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("cogvideox", "transformer_5b_rope").Single().Data);
        using CogVideoXTransformer model = Load(golden);
        Step(model, golden);
        long before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Step(model, golden);
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData("""{ "patch_size_t": 2 }""", "patch_size_t")]
    [InlineData("""{ "ofs_embed_dim": 512 }""", "ofs_embed_dim")]
    [InlineData("""{ "use_learned_positional_embeddings": true }""", "use_learned_positional_embeddings")]
    [InlineData("""{ "attention_head_dim": 24 }""", "attention_head_dim")]
    [InlineData("""{ "num_layers": 0 }""", "num_layers")]
    [InlineData("""{ "num_layers": "many" }""", "num_layers")]
    public void AConfigurationThatIsNotBuiltIsRefusedByField(string json, string field)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        InputException exception = Assert.Throws<InputException>(() => CogVideoXConfig.FromJson(document.RootElement, "config.json"));
        Assert.Contains("config.json", exception.Message, StringComparison.Ordinal);
        Assert.Contains(field, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ShapesThatDoNotFitAreRefused()
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("cogvideox", "transformer_2b").Single().Data);
        using CogVideoXTransformer model = new(Config(golden));
        using Tensor latents = zeros([1, model.Config.InChannels, 1, 4, 4]);
        using Tensor odd = zeros([1, model.Config.InChannels, 1, 3, 4]);
        using Tensor timestep = zeros(1);
        using Tensor text = zeros(1, 2, model.Config.TextEmbedDim);
        Assert.Throws<ArgumentException>("latents_BCTHW", () => model.forward(odd, timestep, text));
        Assert.Throws<ArgumentException>("timestep_B", () => model.forward(latents, text, text));
        Assert.Throws<ArgumentException>("text_BLD", () => model.forward(latents, timestep, odd));
    }

    private static CogVideoXConfig Config(GoldenCase golden) => CogVideoXConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath);

    private static CogVideoXTransformer Load(GoldenCase golden)
    {
        CogVideoXTransformer model = new(Config(golden));
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath);
        return model;
    }

    private static void Step(CogVideoXTransformer model, GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        model.call(golden.Tensors["in.hidden_states"].transpose(1, 2), golden.Tensors["in.timestep"], golden.Tensors["in.encoder_hidden_states"]).square().mean().backward();
    }

    private static Dictionary<string, Tensor> RecordTaps(CogVideoXTransformer model, GoldenCase golden)
    {
        long[] shape = golden.Tensors["in.hidden_states"].shape;
        (long frames, long rows, long columns) = (shape[1], shape[3] / model.Config.PatchSize, shape[4] / model.Config.PatchSize);
        Tensor table_1SD = CogVideoXPositions.Table(model.Config, frames, rows, columns, CPU);
        (Tensor cos, Tensor sin) = CogVideoXPositions.Rotary(model.Config, frames, rows, columns, CPU);
        Dictionary<string, Tensor> taps = new()
        {
            ["time_sinusoid"] = TimestepSinusoid.Of(golden.Tensors["in.timestep"], model.Config.Width),
            ["pos_embedding"] = cat([zeros(1, golden.Tensors["in.encoder_hidden_states"].shape[1], model.Config.Width), table_1SD], dim: 1),
            ["rope_cos"] = cos.squeeze().repeat_interleave(2, dim: -1),
            ["rope_sin"] = sin.squeeze().repeat_interleave(2, dim: -1),
        };
        Tensor Keep(string name, Tensor tensor)
        {
            taps[name] = tensor.detach().clone().DetachFromDisposeScope();
            return tensor;
        }

        model.patch_embed.register_forward_hook((_, _, _, output) => Keep("patch_embed", output));
        model.time_embedding.register_forward_hook((_, _, output) => Keep("temb", output));
        model.norm_final.register_forward_hook((_, _, output) => Keep("norm_final", output));
        CogVideoXBlock first = model.transformer_blocks[0];
        first.norm1.register_forward_hook((_, _, _, _, output) =>
        {
            Keep("block0.norm1.0", output.Video);
            Keep("block0.norm1.1", output.Text);
            Keep("block0.norm1.2", output.VideoGate);
            Keep("block0.norm1.3", output.TextGate);
            return output;
        });
        first.attn1.register_forward_hook((_, _, _, _, output) =>
        {
            Keep("block0.attn1.0", output.Video);
            Keep("block0.attn1.1", output.Text);
            return output;
        });
        first.register_forward_hook((_, _, _, _, _, output) =>
        {
            Keep("block0.out.0", output.Video);
            Keep("block0.out.1", output.Text);
            return output;
        });
        return taps;
    }
}
