using HaloLab.Checkpoints;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Tests.Goldens;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models.Qwen2Vl;

[Trait("Category", "Golden")]
public sealed class Qwen2VlGoldenTests
{
    private const double Limit = 5e-5;
    private const double VisionLimit = 1e-5;
    private const double GradientLimit = 1e-4;

    public static IEnumerable<TheoryDataRow<GoldenCase>> Decoders() => GoldenCase.Find("qwen2vl", "text_decoder*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> Towers() => GoldenCase.Find("qwen2vl", "vision_tower*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> Models() => GoldenCase.Find("qwen2vl", "full_vl*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> PositionCases() => GoldenCase.Find("qwen2vl", "mrope_positions*");

    [Theory]
    [MemberData(nameof(Decoders), DisableDiscoveryEnumeration = true)]
    public void TheDecoderMatchesInValueAndGradient(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        Qwen2VlConfig config = Config(golden);
        Qwen2Decoder decoder = new(config);
        Dictionary<string, Tensor> parameters = golden.Parameters();
        StateLoader.Load(decoder, parameters, golden.JsonPath, "model.");
        Tensor? head = config.TieWordEmbeddings ? null : parameters["lm_head.weight"].clone().requires_grad_();
        (Tensor ids, Tensor mask) = (golden.Tensors["in.input_ids"], golden.Tensors["in.attention_mask"]);
        Tensor embedded = decoder.embed_tokens.call(ids);
        TensorAssert.Close(golden.Tensors["tap.embed"], embedded, 0, what: "embedding");
        Tensor Logits(Tensor states) => nn.functional.linear(states, head ?? decoder.embed_tokens.weight);

        Tensor states3 = decoder.States(embedded, mask, golden.Tensors["in.position_ids_3d"]);
        Qwen2Rotation rotation = Qwen2Rotation.OfDecoder(golden.Tensors["in.position_ids_3d"], config);
        TensorAssert.Close(golden.Tensors["tap.mrope_cos_3d"], rotation.Cos.squeeze(1), 1e-6, what: "cosines");
        TensorAssert.Close(golden.Tensors["tap.mrope_sin_3d"], rotation.Sin.squeeze(1), 1e-6, what: "sines");
        TensorAssert.Close(golden.Tensors["out.hidden_3d"], states3, Limit, what: "states, three axes");
        TensorAssert.Close(golden.Tensors["out.logits_3d"], Logits(states3), Limit, what: "logits, three axes");

        Tensor states = decoder.States(embedded, mask, Qwen2VlPositions.Plain(ids));
        TensorAssert.Close(golden.Tensors["out.hidden"], states, Limit, what: "states");
        Tensor logits = Logits(states);
        TensorAssert.Close(golden.Tensors["out.logits"], logits, Limit, what: "logits");
        long length = ids.shape[1];
        Tensor targets = ids.narrow(1, 1, length - 1).masked_fill(mask.narrow(1, 1, length - 1).eq(0), -100);
        Tensor loss = nn.functional.cross_entropy(logits.narrow(1, 0, length - 1).flatten(0, 1), targets.flatten(), ignore_index: -100);
        TensorAssert.Close(golden.Tensors["out.loss"], loss.view(1), 1e-5, what: "loss");
        loss.backward();
        Dictionary<string, Tensor> gradients = Gradients(decoder, "model.");
        if (head is not null)
        {
            gradients["lm_head.weight"] = head.grad!;
        }

        CompareGradients(golden.WithPrefix("grad."), gradients);
    }

    [Theory]
    [MemberData(nameof(Towers), DisableDiscoveryEnumeration = true)]
    public void TheVisionTowerMatchesInValueAndGradient(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        Assert.Contains(golden.Tensors.Keys, key => key.StartsWith("grad.", StringComparison.Ordinal));
        foreach (string name in golden.Json.GetProperty("grids").EnumerateObject().Select(item => item.Name))
        {
            Qwen2VisionTower tower = new(Config(golden).VisionConfig);
            StateLoader.Load(tower, golden.Parameters(), golden.JsonPath, "visual.");
            Tensor pixels = golden.Tensors[$"in.{name}.pixel_values"].clone().requires_grad_();
            Qwen2VlGrid[] grids = Grids(golden.Tensors[$"in.{name}.grid_thw"]);
            TensorAssert.Close(golden.Tensors[$"tap.{name}.rope_angles"], tower.Angles(grids), 1e-6, what: $"{name}: angles");
            TensorAssert.Close(golden.Tensors[$"tap.{name}.patch_embed"], tower.patch_embed.call(pixels), VisionLimit, what: $"{name}: patches");
            Tensor tokens = tower.Tokens(pixels, grids);
            TensorAssert.Close(golden.Tensors[$"out.{name}.embeds"], tokens, VisionLimit, what: $"{name}: tokens");
            Tensor loss = (tokens * golden.Tensors[$"in.{name}.loss_weight"]).sum();
            TensorAssert.Close(golden.Tensors[$"out.{name}.loss"], loss.view(1), 2e-4, what: $"{name}: loss");
            loss.backward();
            Dictionary<string, Tensor> gradients = Gradients(tower, "visual.");
            gradients["pixel_values"] = pixels.grad!;
            CompareGradients(golden.WithPrefix($"grad.{name}."), gradients);
        }
    }

    [Theory]
    [MemberData(nameof(Models), DisableDiscoveryEnumeration = true)]
    public void TheWholeModelMatchesWhereThereAreTokens(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Qwen2VlModel model = Load(golden);
        (Tensor ids, Tensor mask) = (golden.Tensors["in.input_ids"], golden.Tensors["in.attention_mask"]);
        Qwen2VlGrid[] images = golden.Tensors.TryGetValue("in.image_grid_thw", out Tensor? imageGrids) ? Grids(imageGrids) : [];
        Qwen2VlGrid[] videos = golden.Tensors.TryGetValue("in.video_grid_thw", out Tensor? videoGrids) ? Grids(videoGrids) : [];
        Tensor embedded = model.Embed(
            ids,
            images.Length > 0 ? model.visual.Tokens(golden.Tensors["in.pixel_values"], images) : null,
            videos.Length > 0 ? model.visual.Tokens(golden.Tensors["in.pixel_values_videos"], videos) : null);
        TensorAssert.Close(golden.Tensors["tap.inputs_embeds"], embedded, VisionLimit, what: "embedded prompt");
        Qwen2VlPositions positions = Qwen2VlPositions.Of(ids, mask, model.Config, images, videos);
        TensorAssert.Identical(golden.Tensors["out.position_ids"], positions.Positions_3BL, "positions");
        Tensor isToken_BL1 = mask.unsqueeze(-1).to(ScalarType.Float32);
        foreach ((string form, Tensor positions_3BL) in new[] { ("mrope", positions.Positions_3BL), ("seq", Qwen2VlPositions.Plain(ids)) })
        {
            Tensor states = model.model.States(embedded, mask, positions_3BL);
            TensorAssert.Close(golden.Tensors["out.hidden_" + form] * isToken_BL1, states * isToken_BL1, Limit, what: form + ": states");
            TensorAssert.Close(golden.Tensors["out.logits_" + form] * isToken_BL1, model.Logits(states) * isToken_BL1, Limit, what: form + ": logits");
        }

        Assert.Throws<ArgumentException>(() => model.Embed(ids, null, null));
    }

    /// <summary>The first token is the likeliest by the reference's logits; the others are those of one pass over the whole answer.</summary>
    [Theory]
    [MemberData(nameof(Models), DisableDiscoveryEnumeration = true)]
    public void GreedyAnswersAreTheLikeliestTokens(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Qwen2VlModel model = Load(golden);
        Tensor mask_BL = golden.Tensors["in.attention_mask"];
        int merge = model.Config.VisionConfig.SpatialMergeSize;
        (List<Qwen2VlGrid> imagesLeft, List<Qwen2VlGrid> videosLeft) = ([.. Items("image")], [.. Items("video")]);
        (long imageAt, long videoAt) = (0, 0);
        for (int row = 0; row < mask_BL.shape[0]; row++)
        {
            Tensor places_L = mask_BL[row].nonzero().flatten();
            int[] prompt = [.. golden.Tensors["in.input_ids"][row].index_select(0, places_L).data<long>().Select(id => (int)id)];
            (Qwen2VlGrid[] images, Tensor? images_NV) = Take(imagesLeft, prompt.Count(id => id == model.Config.ImageTokenId), "in.pixel_values", ref imageAt);
            (Qwen2VlGrid[] videos, Tensor? videos_NV) = Take(videosLeft, prompt.Count(id => id == model.Config.VideoTokenId), "in.pixel_values_videos", ref videoAt);
            Tensor[] patches = [.. new[] { images_NV, videos_NV }.OfType<Tensor>()];
            Qwen2VlConversation Begun()
            {
                Qwen2VlConversation conversation = new(model);
                conversation.Say(prompt, patches.Length > 0 ? cat(patches) : null, images, videos);
                return conversation;
            }

            using Qwen2VlConversation conversation = Begun();
            using Qwen2VlConversation copy = conversation.Copy();
            IReadOnlyList<int> answer = conversation.Answer(new HashSet<int>(), 4, TestContext.Current.CancellationToken);
            Assert.Equal(golden.Tensors["out.logits_mrope"][row, places_L[-1].item<long>()].argmax().item<long>(), answer[0]);

            Tensor prompt_1LC = golden.Tensors["tap.inputs_embeds"][row].index_select(0, places_L).unsqueeze(0);
            Tensor positions_31L = golden.Tensors["out.position_ids"].select(1, row).index_select(1, places_L).unsqueeze(1);
            long next = positions_31L.max().item<long>() + 1;
            Tensor whole_1LC = cat([prompt_1LC, model.model.embed_tokens.call(tensor(answer.Select(id => (long)id).ToArray()).unsqueeze(0))], 1);
            Tensor all_31L = cat([positions_31L, arange(next, next + answer.Count).expand(3, 1, answer.Count)], 2);
            Tensor logits_LV = model.Logits(model.model.States(whole_1LC, ones([1, whole_1LC.shape[1]], ScalarType.Int64), all_31L))[0].narrow(0, places_L.shape[0] - 1, answer.Count);
            Assert.Equal(logits_LV.argmax(-1).data<long>().Select(id => (int)id), answer);

            // Of given texts the likeliest at each token that parts them, with its probability among those that are left; what the original went on to say is not the copy's.
            int other = answer[0] == 7 ? 8 : 7;
            Qwen2VlChoice choice = copy.Choose([[other, 3], [.. answer], [answer[0], answer[1] == 4 ? 5 : 4]]);
            Assert.Equal(1, choice.Index);
            double Share(int place, params long[] tokens) => logits_LV[place].index_select(0, tensor(tokens)).softmax(0)[0].item<float>();
            Assert.Equal(Share(0, answer[0], other) * Share(1, answer[1], answer[1] == 4 ? 5 : 4), choice.Share, 1e-4);
            Assert.Equal(prompt.Length + answer.Count, copy.Length);
            Assert.Equal(conversation.Length, copy.Length);
            Assert.Equal(conversation.Answer(new HashSet<int>(), 1, TestContext.Current.CancellationToken), copy.Answer(new HashSet<int>(), 1, TestContext.Current.CancellationToken));
            Assert.Throws<ArgumentException>(() => copy.Choose([[1, 2], [1]]));

            using Qwen2VlConversation silent = Begun();
            Assert.Empty(silent.Answer(new HashSet<int> { answer[0] }, 4, TestContext.Current.CancellationToken));
        }

        Qwen2VlGrid[] Items(string kind) => golden.Tensors.TryGetValue($"in.{kind}_grid_thw", out Tensor? grids) ? Grids(grids) : [];

        (Qwen2VlGrid[] Grids, Tensor? Patches_NV) Take(List<Qwen2VlGrid> left, int tokens, string pixels, ref long at)
        {
            List<Qwen2VlGrid> taken = [];
            for (; tokens > 0; left.RemoveAt(0))
            {
                taken.Add(left[0]);
                tokens -= left[0].Tokens(merge);
            }

            long count = taken.Sum(grid => (long)grid.Patches);
            Tensor? patches_NV = count > 0 ? golden.Tensors[pixels].narrow(0, at, count) : null;
            at += count;
            return ([.. taken], patches_NV);
        }
    }

    [Theory]
    [MemberData(nameof(PositionCases), DisableDiscoveryEnumeration = true)]
    public void PositionsAreTheReferences(GoldenCase golden)
    {
        using var scope = NewDisposeScope();
        foreach (string name in golden.Json.GetProperty("cases").EnumerateObject().Select(item => item.Name))
        {
            Qwen2VlGrid[] Items(string kind) => golden.Tensors.TryGetValue($"in.{name}.{kind}_grid_thw", out Tensor? grids) ? Grids(grids) : [];
            Qwen2VlPositions positions = Qwen2VlPositions.Of(golden.Tensors[$"in.{name}.input_ids"], golden.Tensors[$"in.{name}.attention_mask"], Config(golden), Items("image"), Items("video"));
            TensorAssert.Identical(golden.Tensors[$"out.{name}.position_ids"], positions.Positions_3BL, name);
            Assert.Equal(golden.Tensors[$"out.{name}.rope_deltas"].flatten().data<long>().ToArray(), positions.Deltas);
        }

        Tensor ids = tensor(new long[] { 1, Config(golden).VideoTokenId, 2 }, [1, 3]);
        Assert.Throws<InputException>(() => Qwen2VlPositions.Of(ids, ones_like(ids), Config(golden), [], [new Qwen2VlGrid(1, 4, 4)]));
    }

    private static Qwen2VlModel Load(GoldenCase golden)
    {
        Qwen2VlModel model = new(Config(golden));
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath);
        model.eval();
        return model;
    }

    private static Qwen2VlConfig Config(GoldenCase golden) => Qwen2VlConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath);

    private static Qwen2VlGrid[] Grids(Tensor grids_N3) => [.. grids_N3.data<long>().ToArray().Chunk(3).Select(grid => new Qwen2VlGrid((int)grid[0], (int)grid[1], (int)grid[2]))];

    private static Dictionary<string, Tensor> Gradients(nn.Module module, string prefix) =>
        module.named_parameters().Where(item => item.parameter.grad is not null).ToDictionary(item => prefix + item.name, item => item.parameter.grad!);

    private static void CompareGradients(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual)
    {
        foreach ((string key, Tensor gradient) in expected)
        {
            Assert.True(actual.TryGetValue(key, out Tensor? own), $"no gradient of {key}");
            TensorAssert.Close(gradient, own, 0, GradientLimit, what: $"gradient of {key}");
        }
    }
}
