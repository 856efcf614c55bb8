using HaloLab.Checkpoints;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Rewards.VideoScore;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards;

[Trait("Category", "Golden")]
public sealed class VideoScoreGoldenTests
{
    private const double ScoreLimit = 1e-5;
    private const double GradientLimit = 1e-4;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Models() => GoldenCase.Find("videoscore", "score_*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> ChatCases() => GoldenCase.Find("videoscore", "template_ids*");

    [Theory]
    [MemberData(nameof(Models), DisableDiscoveryEnumeration = true)]
    public void ScoresAndGradientsMatch(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        VideoScoreModel model = new(Qwen2VlConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath));
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath);
        Tensor ids = golden.Tensors["in.input_ids"];
        Qwen2VlGrid[] videos = [.. golden.Tensors["in.video_grid_thw"].data<long>().ToArray().Chunk(3).Select(grid => new Qwen2VlGrid((int)grid[0], (int)grid[1], (int)grid[2]))];
        Qwen2VlInput input = new(ids, golden.Tensors["in.attention_mask"], golden.Tensors["in.pixel_values_videos"], videos);
        TensorAssert.Close(golden.Tensors["out.scores"], model.Scores(input), ScoreLimit, what: "scores");

        // The reference's gradient takes the video's tokens for constants.
        Tensor embedded = model.Embed(ids, null, model.visual.Tokens(input.Patches_NV, videos)).detach().requires_grad_();
        Tensor last = model.AtLastToken(model.model.States(embedded, input.Mask_BL, Qwen2VlPositions.Plain(ids)), ids);
        TensorAssert.Close(golden.Tensors["tap.last_hidden_at_last_token"], last, ScoreLimit, what: "states at the last token");
        Tensor loss = nn.functional.mse_loss(model.Head.call(last), golden.Tensors["in.labels"]);
        TensorAssert.Close(golden.Tensors["out.loss"], loss.view(1), ScoreLimit, what: "loss");
        loss.backward();
        Dictionary<string, Tensor> state = StateLoader.StateOf(model);
        Dictionary<string, Tensor> gradients = golden.WithPrefix("grad.");
        Assert.NotEmpty(gradients);
        foreach ((string key, Tensor gradient) in gradients)
        {
            TensorAssert.Close(gradient, key == "inputs_embeds" ? embedded.grad! : state[key].grad!, 0, GradientLimit, what: $"gradient of {key}");
        }
    }

    [Theory]
    [InlineData(7, 0, 0, 4)]
    [InlineData(7, 2, 0, 4)]
    [InlineData(7, 0, 2, 4)]
    [InlineData(null, 0, 0, 4)]
    public void TheLastTokenIsTheOneBeforeThePadding(int? pad, int left, int right, int tokens)
    {
        using var scope = NewDisposeScope();
        using VideoScoreModel model = new(new Qwen2VlConfig
        {
            VocabSize = 8,
            HiddenSize = 8,
            IntermediateSize = 8,
            NumHiddenLayers = 1,
            NumAttentionHeads = 1,
            NumKeyValueHeads = 1,
            PadTokenId = pad,
            VisionConfig = new() { Depth = 1, EmbedDim = 8, NumHeads = 1, HiddenSize = 8 },
        });
        long[] row = [.. Enumerable.Repeat(7L, left), .. Enumerable.Repeat(3L, tokens), .. Enumerable.Repeat(7L, right)];
        Tensor places_1LC = arange(row.Length).view(1, -1, 1);
        Assert.Equal(left + tokens - 1, model.AtLastToken(places_1LC, tensor(row, [1, row.Length])).item<long>());
    }

    [Theory]
    [MemberData(nameof(ChatCases), DisableDiscoveryEnumeration = true)]
    public void TheWholeChatBecomesTheReferencesIds(GoldenCase golden) => RewardChats.Check(golden, []);
}
