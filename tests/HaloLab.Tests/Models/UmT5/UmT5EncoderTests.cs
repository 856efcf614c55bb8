using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.UmT5;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.UmT5;

public sealed class UmT5EncoderTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Cases() => [.. GoldenCase.Find("wan", "umt5*"), .. GoldenCase.Find("cogvideox", "t5*")];

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void StatesAndTapsMatchTheReference(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        UmT5Encoder model = Load(golden);
        Dictionary<string, Tensor> taps = [];
        UmT5Block first = model.encoder.block[0];
        first.Attention.register_forward_hook((_, _, _, output) => Keep("block0.after_attention", output));
        first.FeedForward.DenseReluDense.register_forward_hook((_, _, output) => Keep("block0.ffn", output));
        first.register_forward_hook((_, _, _, output) => Keep("block0.out", output));
        (Tensor ids, Tensor mask) = (Inputs(golden, "in.input_ids"), Inputs(golden, "in.attention_mask"));
        Tensor states = model.call(ids, mask);
        for (int i = 0; i < model.Config.NumLayers; i++)
        {
            taps[$"position_bias.{i}"] = model.encoder.block[i].Attention.SelfAttention.PositionBias((int)ids.shape[1]);
        }

        TensorAssert.Close(golden.Tensors["out.last_hidden_state"], states, 5e-5, what: "states");
        foreach ((string name, Tensor expected) in golden.WithPrefix("tap.").Where(tap => tap.Key != "bucket_of_relative_position"))
        {
            TensorAssert.Close(expected, taps[name], 5e-5, what: name);
        }

        if (golden.Tensors.TryGetValue("tap.bucket_of_relative_position", out Tensor? buckets))
        {
            int reach = (int)buckets.shape[0] / 2;
            Assert.Equal(buckets.data<long>().ToArray(), Enumerable.Range(-reach, (2 * reach) + 1).Select(distance => (long)UmT5Attention.Bucket(distance, model.Config)));
        }

        Tensor condition = model.Condition(ids, mask);
        TensorAssert.Close(states * mask.unsqueeze(-1), condition, 0, what: "zeros for padding");

        Tensor Keep(string name, Tensor tensor)
        {
            taps[name] = tensor.detach().clone().DetachFromDisposeScope();
            return tensor;
        }
    }

    [Fact]
    public void PaddingIsNotAttendedTo()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        UmT5Encoder model = new(new UmT5Config { NumLayers = 2, VocabSize = 9, DModel = 8, DKv = 2, DFf = 6, NumHeads = 4 });
        foreach (TorchSharp.Modules.Parameter parameter in model.parameters())
        {
            nn.init.normal_(parameter);
        }

        Tensor mask = tensor(new long[] { 1, 1, 1, 0, 0 }).unsqueeze(0);
        Tensor states = model.call(tensor(new long[] { 3, 5, 1, 0, 0 }).unsqueeze(0), mask);
        Tensor others = model.call(tensor(new long[] { 3, 5, 1, 7, 8 }).unsqueeze(0), mask);
        TensorAssert.Identical(states[0, ..3], others[0, ..3]);
        Assert.Throws<ArgumentException>(() => model.forward(zeros(1, 3, dtype: int64), zeros(1, 4, dtype: int64)));
    }

    [Theory]
    [InlineData("""{ "feed_forward_proj": "relu" }""", "feed_forward_proj")]
    [InlineData("""{ "num_layers": 0 }""", "num_layers")]
    [InlineData("""{ "d_model": "wide" }""", "d_model")]
    [InlineData("""{ "relative_attention_num_buckets": 30 }""", "relative_attention_num_buckets")]
    public void AConfigurationThatIsNotBuiltIsRefusedByField(string json, string field)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        InputException exception = Assert.Throws<InputException>(() => UmT5Config.FromJson(document.RootElement, "config.json"));
        Assert.Contains("config.json", exception.Message, StringComparison.Ordinal);
        Assert.Contains(field, exception.Message, StringComparison.Ordinal);
    }

    private static UmT5Encoder Load(GoldenCase golden)
    {
        string kind = golden.Json.GetProperty("kind").GetString()!;
        UmT5Encoder model = new(UmT5Config.FromJson(golden.Json.GetProperty("config"), golden.JsonPath) with { ModelType = kind });
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath, unused: UmT5Encoder.UnusedKeys);
        return model;
    }

    /// <summary>A case with the same inputs as its base may leave them out.</summary>
    private static Tensor Inputs(GoldenCase golden, string name) =>
        golden.Tensors.TryGetValue(name, out Tensor? given) ? given : golden.Sibling(golden.Name.Split('_')[0]).Tensors[name];
}
