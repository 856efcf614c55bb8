using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Rewards;
using HaloLab.Rewards.VideoReward;
using HaloLab.Statistics;
using HaloLab.Tests.Goldens;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards;

[Trait("Category", "Golden")]
public sealed class VideoRewardGoldenTests
{
    private const double RewardLimit = 1e-4;
    private const double LossLimit = 1e-5;
    private const double GradientLimit = 1e-3;
    private const double WeightLimit = 1e-6;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Models() => GoldenCase.Find("videoreward", "reward_*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> LossCases() => GoldenCase.Find("videoreward", "losses*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> AccuracyCases() => GoldenCase.Find("videoreward", "pairwise_accuracy*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> NormalisationCases() => GoldenCase.Find("videoreward", "score_normalisation*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> ChatCases() => GoldenCase.Find("videoreward", "template_ids*");

    [Theory]
    [MemberData(nameof(Models), DisableDiscoveryEnumeration = true)]
    public void RewardsGradientsAndAStepMatch(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        string folder = Directory.CreateTempSubdirectory().FullName;
        string path = Path.Combine(folder, "model.safetensors");
        Safetensors.Save(path, golden.Parameters());
        using IWeightFile file = WeightFiles.Open(path);
        VideoRewardModel model = VideoRewardModel.Load(file, Qwen2VlConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath), golden.Json.GetProperty("lora").GetProperty("scale").GetDouble());
        Assert.Equal(golden.Json.GetProperty("output_dim").GetInt64(), model.Head.weight.shape[0]);
        Assert.Equal(golden.Json.GetProperty("lora").GetProperty("targets").GetInt32(), model.Adapters!.Layers.Count);
        int[] tokens = [.. golden.Tensors["in.special_token_ids"].data<long>().ToArray().Select(id => (int)id)];
        (Qwen2VlInput a, Qwen2VlInput b) = (Input(golden, "A"), Input(golden, "B"));

        TensorAssert.Close(golden.Tensors["tap.A.hidden_at_reward_tokens"], VideoRewardModel.AtRewardTokens(model.States(a), a.Ids_BL, tokens), RewardLimit, what: "states at the reward tokens");
        using (no_grad())
        {
            model.Adapters.Enable(false);
            TensorAssert.Close(golden.Tensors["out.rewards_A_without_lora"], model.Rewards(a, tokens), RewardLimit, what: "rewards of the base layers");
            model.Adapters.Enable(true);
        }

        // What VideoReward trains: adapters, head, the vision tower, and of the table the reward tokens' rows.
        Parameter[] trained = [.. model.Adapters.Parameters.Select(item => item.Parameter), model.Head.weight, model.model.embed_tokens.weight, .. model.visual.parameters()];
        foreach (Parameter parameter in trained)
        {
            parameter.requires_grad_();
        }

        Tensor tableBefore = model.model.embed_tokens.weight.detach().clone();
        (Tensor rewardsA, Tensor rewardsB) = (model.Rewards(a, tokens), model.Rewards(b, tokens));
        TensorAssert.Close(golden.Tensors["out.rewards_A"], rewardsA, RewardLimit, what: "rewards of A");
        TensorAssert.Close(golden.Tensors["out.rewards_B"], rewardsB, RewardLimit, what: "rewards of B");
        Tensor loss = Loss(golden, rewardsA, rewardsB);
        TensorAssert.Close(golden.Tensors["out.loss_btt"], loss.view(1), LossLimit, what: "loss");
        loss.backward();
        Dictionary<string, Tensor> state = StateLoader.StateOf(model);
        foreach ((string key, Tensor gradient) in golden.WithPrefix("grad."))
        {
            TensorAssert.Close(gradient, state[KeyOf(key)].grad!, 0, GradientLimit, what: $"gradient of {key}");
        }

        JsonElement settings = golden.Json.GetProperty("optimiser");
        double[] betas = [.. settings.GetProperty("betas").EnumerateArray().Select(beta => beta.GetDouble())];
        using (var optimiser = optim.AdamW(trained, settings.GetProperty("lr").GetDouble(), betas[0], betas[1], settings.GetProperty("eps").GetDouble(), settings.GetProperty("weight_decay").GetDouble()))
        {
            optimiser.step();
        }

        using var noGradient = no_grad();
        Tensor isReward_V1 = arange(tableBefore.shape[0]).unsqueeze(1).eq(golden.Tensors["in.special_token_ids"]).any(-1, keepdim: true);
        model.model.embed_tokens.weight.copy_(model.model.embed_tokens.weight.where(isReward_V1, tableBefore));
        foreach ((string key, Tensor weight) in golden.WithPrefix("after."))
        {
            Tensor own = key == "reward_token_embeddings" ? model.model.embed_tokens.weight[golden.Tensors["in.special_token_ids"]] : state[KeyOf(key)];
            TensorAssert.Close(weight, own, WeightLimit, what: $"{key} after a step");
        }

        TensorAssert.Close(golden.Tensors["out.loss_after_step"], Loss(golden, model.Rewards(a, tokens), model.Rewards(b, tokens)).view(1), LossLimit, what: "loss after a step");

        Assert.Throws<ArgumentException>(() => model.Rewards(a, [.. tokens.Reverse()]));
    }

    [Theory]
    [MemberData(nameof(Models), DisableDiscoveryEnumeration = true)]
    public void ACheckpointThatDoesNotFitIsRefusedByName(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> parameters = golden.Parameters();
        string adapter = parameters.Keys.First(key => key.EndsWith(".lora_B.default.weight", StringComparison.Ordinal));
        foreach ((string named, Action<Dictionary<string, Tensor>> spoil) in new (string, Action<Dictionary<string, Tensor>>)[]
        {
            ("rm_head.weight", tensors => tensors.Remove("base_model.model.rm_head.weight")),
            (adapter, tensors => tensors.Remove(adapter)),
            ("lora_magnitude", tensors => tensors[adapter.Replace("lora_B.default.weight", "lora_magnitude_vector.default.weight", StringComparison.Ordinal)] = zeros(1)),
            ("model.norm.weight", tensors => tensors.Remove("base_model.model.model.norm.weight")),
            ("surplus", tensors => tensors["base_model.model.surplus"] = zeros(1)),
        })
        {
            Dictionary<string, Tensor> spoilt = new(parameters);
            spoil(spoilt);
            string path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "model.safetensors");
            Safetensors.Save(path, spoilt);
            using IWeightFile file = WeightFiles.Open(path);
            Exception? refusal = Record.Exception(() => VideoRewardModel.Load(file, Qwen2VlConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath), 2));
            Assert.True(refusal is InputException && refusal.Message.Contains(named, StringComparison.Ordinal) && refusal.Message.Contains(path, StringComparison.Ordinal), $"{named}: {refusal}");
        }
    }

    [Theory]
    [MemberData(nameof(LossCases), DisableDiscoveryEnumeration = true)]
    public void LossesOnGivenRewardsMatch(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        PairLabel[] labels = Labels(golden);
        (double k, double margin) = (golden.Json.GetProperty("k").GetDouble(), golden.Json.GetProperty("constant_margin").GetDouble());
        (Tensor scoresA, Tensor scoresB) = (golden.Tensors["in.scores_A"].flatten(), golden.Tensors["in.scores_B"].flatten());
        foreach ((string name, Func<Tensor, Tensor, RewardLoss> of) in new (string, Func<Tensor, Tensor, RewardLoss>)[]
        {
            ("bt", (a, b) => RewardLosses.BradleyTerry(a, b, labels, LossMean.All)),
            ("btt", (a, b) => RewardLosses.BradleyTerryWithTies(a, b, k, labels, LossMean.All)),
            ("margin", (a, b) => RewardLosses.Margin(a, b, scoresA, scoresB, labels, LossMean.All)),
            ("constant_margin", (a, b) => RewardLosses.ConstantMargin(a, b, margin, labels, LossMean.All)),
            ("scaled", (a, b) => RewardLosses.Scaled(a, b, scoresA, scoresB, labels, LossMean.All)),
            ("reg", (a, b) => RewardLosses.Regression(cat([a, b]), cat([scoresA, scoresB]), LossMean.All)),
        })
        {
            Tensor a = golden.Tensors["in.rewards_A"].clone().requires_grad_();
            Tensor b = golden.Tensors["in.rewards_B"].clone().requires_grad_();
            Tensor loss = of(a.flatten(), b.flatten()).Loss;
            TensorAssert.Close(golden.Tensors[$"out.{name}.loss"], loss.view(1), LossLimit, what: name);
            loss.backward();
            TensorAssert.Close(golden.Tensors[$"grad.{name}.rewards_A"], a.grad!, 1e-6, what: $"{name}: gradient of A");
            TensorAssert.Close(golden.Tensors[$"grad.{name}.rewards_B"], b.grad!, 1e-6, what: $"{name}: gradient of B");
        }
    }

    [Theory]
    [MemberData(nameof(AccuracyCases), DisableDiscoveryEnumeration = true)]
    public void PairwiseAccuraciesMatch(GoldenCase golden)
    {
        int compared = 0;
        foreach (JsonElement row in golden.Json.GetProperty("cases").EnumerateArray())
        {
            int[] human = [.. row.GetProperty("human").EnumerateArray().Select(label => label.GetInt32())];
            double[] difference = [.. row.GetProperty("score_difference").EnumerateArray().Select(value => value.GetDouble())];
            foreach ((string field, double own) in new[] { ("with_ties", PairwiseAccuracy.WithTies(human, difference).Accuracy), ("without_ties", PairwiseAccuracy.WithoutTies(human, difference)) })
            {
                JsonElement expected = row.GetProperty(field);
                if (expected.ValueKind == JsonValueKind.Number)
                {
                    Assert.Equal(expected.GetDouble(), own, 1e-12);
                    compared++;
                }
                else
                {
                    Assert.True(double.IsNaN(own), $"{field}: {expected}");
                }
            }
        }

        Assert.True(compared > 0);
    }

    [Theory]
    [MemberData(nameof(NormalisationCases), DisableDiscoveryEnumeration = true)]
    public void ScoresAreNormalisedAsPublished(GoldenCase golden)
    {
        double[] Row(string field) => [.. golden.Json.GetProperty(field).EnumerateArray().Select(value => value.GetDouble())];
        (double[] mean, double[] deviation) = (Row("mean"), Row("std"));
        VideoRewardNormalisation normalisation = new()
        {
            VisualQualityMean = mean[0],
            VisualQualityDeviation = deviation[0],
            MotionQualityMean = mean[1],
            MotionQualityDeviation = deviation[1],
            TextAlignmentMean = mean[2],
            TextAlignmentDeviation = deviation[2],
        };
        JsonElement[] raw = [.. golden.Json.GetProperty("raw").EnumerateArray()];
        for (int i = 0; i < raw.Length; i++)
        {
            double[] own = normalisation.Apply([.. raw[i].EnumerateArray().Select(value => value.GetDouble())]);
            double[] expected = [.. golden.Json.GetProperty("normalised")[i].EnumerateArray().Select(value => value.GetDouble())];
            Assert.All(expected.Zip(own), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
            Assert.Equal(golden.Json.GetProperty("overall")[i].GetDouble(), own.Sum(), 1e-12);
        }

        Assert.Equal(new VideoRewardNormalisation(), VideoRewardConfig.FromJson(JsonDocument.Parse("""{"inference_config": {}}""").RootElement, "test").InferenceConfig);
    }

    [Theory]
    [MemberData(nameof(ChatCases), DisableDiscoveryEnumeration = true)]
    public void TheWholeChatBecomesTheReferencesIds(GoldenCase golden) => RewardChats.Check(golden, VideoRewardModel.RewardTokens);

    private static Tensor Loss(GoldenCase golden, Tensor a, Tensor b) =>
        RewardLosses.BradleyTerryWithTies(a.flatten(), b.flatten(), golden.Json.GetProperty("loss_k").GetDouble(), Labels(golden), LossMean.All).Loss;

    private static PairLabel[] Labels(GoldenCase golden) => [.. golden.Tensors["in.chosen_label"].to(ScalarType.Int64).flatten().data<long>().ToArray().Select(label => label switch
    {
        1 => PairLabel.A,
        -1 => PairLabel.B,
        0 => PairLabel.Same,
        _ => PairLabel.Invalid,
    })];

    private static Qwen2VlInput Input(GoldenCase golden, string side) => new(
        golden.Tensors[$"in.{side}.input_ids"],
        golden.Tensors[$"in.{side}.attention_mask"],
        golden.Tensors[$"in.{side}.pixel_values_videos"],
        [.. golden.Tensors[$"in.{side}.video_grid_thw"].data<long>().ToArray().Chunk(3).Select(grid => new Qwen2VlGrid((int)grid[0], (int)grid[1], (int)grid[2]))]);

    /// <summary>The name in the model's state of a tensor under its published name.</summary>
    private static string KeyOf(string published) => published["base_model.model.".Length..]
        .Replace(".base_layer.", ".", StringComparison.Ordinal)
        .Replace(".lora_A.default.weight", ".lora.lora_A", StringComparison.Ordinal)
        .Replace(".lora_B.default.weight", ".lora.lora_B", StringComparison.Ordinal);
}
