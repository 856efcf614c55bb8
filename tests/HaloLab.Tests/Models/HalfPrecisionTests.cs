using HaloLab.Checkpoints;
using HaloLab.Models.CogVideoX;
using HaloLab.Models.Layers;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Models.UmT5;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Models.Wan;
using HaloLab.Rewards.VideoScore;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Models.VideoCrafter2;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models;

/// <summary>
/// Published models in bfloat16 against their reference numbers. The distance of each is written out: <c>dotnet test tests/HaloLab.Tests -c Release --filter HalfPrecisionTests --logger
/// "console;verbosity=detailed"</c>.
/// </summary>
public class HalfPrecisionTests
{
    // A rounding of bfloat16 is 2^15 times one of float32, and so is what a model makes of it, large where weights are random and norms enlarge what they are given. Twice that is too much.
    private const double RoundingRatio = 1 << 15;

    // It has three bits more than bfloat16.
    private const double Float16Ratio = RoundingRatio / (1 << 3);

    public static IEnumerable<TheoryDataRow<GoldenCase>> WanCases() => GoldenCase.Find("wan", "wan_transformer*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> CogVideoXCases() => GoldenCase.Find("cogvideox", "transformer*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> UNetCases() => GoldenCase.Find("videocrafter2", "vc2_unet*", "t2vturbo*_unet*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> TextTowerCases() => GoldenCase.Find("videocrafter2", "text*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> UmT5Cases() => GoldenCase.Find("wan", "umt5*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> QwenCases() => GoldenCase.Find("qwen2vl", "full_vl*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> VideoScoreCases() => GoldenCase.Find("videoscore", "score_*");

    [Theory]
    [MemberData(nameof(WanCases), DisableDiscoveryEnumeration = true)]
    public void Wan(GoldenCase golden) => Compare(golden, golden.Tensors["out.sample"], precision =>
    {
        using WanTransformer model = new(WanConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath));
        Fill(model, golden, precision);
        Assert.Equal(ScalarType.Float32, model.scale_shift_table.dtype);
        Assert.Equal(ScalarType.Float32, model.condition_embedder.time_embedder.linear_1.weight.dtype);
        Assert.Equal(precision, model.condition_embedder.time_proj.weight.dtype);
        return new WanDenoiser(model).Predict(golden.Tensors["in.hidden_states"], golden.Tensors["in.timestep"], golden.Tensors["in.encoder_hidden_states"]);
    });

    [Theory]
    [MemberData(nameof(CogVideoXCases), DisableDiscoveryEnumeration = true)]
    public void CogVideoX(GoldenCase golden) => Compare(golden, golden.Tensors["out.sample"], precision =>
    {
        using CogVideoXTransformer model = new(CogVideoXConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath));
        Fill(model, golden, precision);
        CogVideoXDenoiser denoiser = new(model);
        return denoiser.Predict(golden.Tensors["in.hidden_states"].transpose(1, 2), golden.Tensors["in.timestep"], golden.Tensors["in.encoder_hidden_states"]).transpose(1, 2);
    });

    [Theory]
    [MemberData(nameof(UNetCases), DisableDiscoveryEnumeration = true)]
    public void VideoCrafter2(GoldenCase golden) => Compare(golden, golden.Tensors["out.eps"].narrow(0, 0, 1), precision =>
    {
        using UNet3D unet = new(OptionsReader.UNet(golden.Json.GetProperty("unet")));
        Fill(unet, golden, precision, "model.diffusion_model.");

        // The denoiser has one guidance for all clips, the case one for each.
        Tensor? First(string name) => golden.Tensors.GetValueOrDefault(name)?.narrow(0, 0, 1);
        VideoCrafter2Denoiser denoiser = new(unet)
        {
            FramesPerSecond = golden.Json.GetProperty("fps").GetDouble(),
            GuidanceEmbedding_1E = First("in.w_embedding"),
            MotionEmbedding_1E = First("in.motion_embedding"),
        };
        return denoiser.Predict(First("in.x")!, First("in.t")!, First("in.context")!);
    });

    [Theory]
    [MemberData(nameof(TextTowerCases), DisableDiscoveryEnumeration = true)]
    public void TextTower(GoldenCase golden) => Compare(golden, golden.Tensors["out.penultimate_ln_final"], precision =>
    {
        using TextTower tower = TextTowerFromCase.Load(golden).In(precision);
        return tower.call(golden.Tensors["in.ids"]).to(ScalarType.Float32);
    });

    [Theory]
    [MemberData(nameof(UmT5Cases), DisableDiscoveryEnumeration = true)]
    public void UmT5(GoldenCase golden)
    {
        Tensor mask_BL = golden.Tensors["in.attention_mask"];
        using Tensor isToken_BL1 = mask_BL.unsqueeze(-1).to(ScalarType.Float32);
        Compare(golden, golden.Tensors["out.last_hidden_state"] * isToken_BL1, precision =>
        {
            using UmT5Encoder model = new(UmT5Config.FromJson(golden.Json.GetProperty("config"), golden.JsonPath));
            Fill(model, golden, precision);
            return model.call(golden.Tensors["in.input_ids"], mask_BL).to(ScalarType.Float32) * isToken_BL1;
        });
    }

    [Theory]
    [MemberData(nameof(QwenCases), DisableDiscoveryEnumeration = true)]
    public void Qwen2Vl(GoldenCase golden)
    {
        (Tensor ids_BL, Tensor mask_BL) = (golden.Tensors["in.input_ids"], golden.Tensors["in.attention_mask"]);
        using Tensor isToken_BL1 = mask_BL.unsqueeze(-1).to(ScalarType.Float32);
        Compare(golden, golden.Tensors["out.logits_mrope"] * isToken_BL1, precision =>
        {
            using Qwen2VlModel model = new(Qwen2VlConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath));
            Fill(model, golden, precision);
            Tensor? Tokens(string pixels, string grids) => golden.Tensors.TryGetValue(pixels, out Tensor? patches_NV) ? model.visual.Tokens(patches_NV, Grids(golden.Tensors[grids])) : null;
            Tensor embedded_BLC = model.Embed(ids_BL, Tokens("in.pixel_values", "in.image_grid_thw"), Tokens("in.pixel_values_videos", "in.video_grid_thw"));
            Tensor states_BLC = model.model.States(embedded_BLC, mask_BL, golden.Tensors["out.position_ids"]);
            Assert.Equal(precision, states_BLC.dtype);
            return model.Logits(states_BLC).to(ScalarType.Float32) * isToken_BL1;
        });
    }

    [Theory]
    [MemberData(nameof(VideoScoreCases), DisableDiscoveryEnumeration = true)]
    public void VideoScore(GoldenCase golden) => Compare(golden, golden.Tensors["out.scores"], precision =>
    {
        using VideoScoreModel model = new(Qwen2VlConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath));
        Fill(model, golden, precision);
        Assert.Equal(ScalarType.Float32, model.Head.weight.dtype);
        return model.Scores(new(golden.Tensors["in.input_ids"], golden.Tensors["in.attention_mask"], golden.Tensors["in.pixel_values_videos"], Grids(golden.Tensors["in.video_grid_thw"])));
    });

    /// <summary>Adapters stay float32 beside bfloat16 weights, and their gradients point where those of the float32 model do.</summary>
    [Fact]
    public void AdaptersAreTrainedInFloat32()
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("wan", "wan_transformer").Single().Data);
        using var scope = NewDisposeScope();
        double[][] gradients = [.. new[] { ScalarType.Float32, ScalarType.BFloat16 }.Select(precision =>
        {
            using WanTransformer model = new(WanConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath));
            model.In(precision);
            StateLoader.Load(model, golden.Parameters(), golden.JsonPath, convert: true);
            model.Freeze();
            LoraAdapters adapters = LoraAdapters.Attach(model, name => name.Contains(".attn1.", StringComparison.Ordinal), 4, 4, 1);
            Assert.All(adapters.Parameters, item => Assert.Equal(ScalarType.Float32, item.Parameter.dtype));
            new WanDenoiser(model).Predict(golden.Tensors["in.hidden_states"], golden.Tensors["in.timestep"], golden.Tensors["in.encoder_hidden_states"]).square().mean().backward();
            return adapters.Parameters.SelectMany(item => item.Parameter.grad!.flatten().to(ScalarType.Float64).data<double>().ToArray()).ToArray();
        })];
        double Product(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
        Assert.InRange(Product(gradients[0], gradients[1]) / Math.Sqrt(Product(gradients[0], gradients[0]) * Product(gradients[1], gradients[1])), 0.99, 1);
    }

    /// <summary>What must be said to be float32 is: a bfloat16 product of a merged adapter has its weight's type, and unmerging gives the same bits back.</summary>
    [Fact]
    public void AnAdapterIsMergedIntoABfloat16Weight()
    {
        using var scope = NewDisposeScope();
        using Linear layer = new(8, 6);
        nn.init.normal_(layer.weight);
        layer.In(ScalarType.BFloat16);
        Tensor before = layer.weight.clone();
        Lora adapter = layer.Attach(rank: 2, scale: 0.5);
        nn.init.normal_(adapter.lora_A);
        nn.init.normal_(adapter.lora_B);
        Tensor input = randn(3, 8);
        Tensor beside = layer.call(input);
        layer.Merge();
        Assert.Equal(ScalarType.BFloat16, layer.weight.dtype);
        Tensor expected = before.to(ScalarType.Float32) + (0.5 * adapter.lora_B.matmul(adapter.lora_A));
        TensorAssert.Identical(expected.to(ScalarType.BFloat16), layer.weight, "merged weight");
        TensorAssert.Close(beside.to(ScalarType.Float32), layer.call(input).to(ScalarType.Float32), 0, 0.03, "merged layer");
        layer.Unmerge();
        TensorAssert.Identical(before, layer.weight, "own weight");
    }

    private static void Fill(nn.Module model, GoldenCase golden, ScalarType precision, string prefix = "")
    {
        model.In(precision);
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath, prefix, convert: true);
        model.Freeze();
        model.eval();
    }

    private static Qwen2VlGrid[] Grids(Tensor grids) => [.. grids.data<long>().ToArray().Chunk(3).Select(grid => new Qwen2VlGrid((int)grid[0], (int)grid[1], (int)grid[2]))];

    /// <summary>
    /// Root mean square of the difference over that of the reference. What a rounding of float32 makes is its difference from the reference or, on a processor like the reference's, which has none, what a
    /// rounding of float16 makes, over 2^12.
    /// </summary>
    private static void Compare(GoldenCase golden, Tensor expected, Func<ScalarType, Tensor> predict)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        double[] shares = [.. new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 }.Select(precision =>
        {
            Tensor actual = predict(precision);
            Assert.Equal(ScalarType.Float32, actual.dtype);
            return (actual - expected).square().mean().sqrt().item<float>() / (double)expected.square().mean().sqrt().item<float>();
        })];
        double roundings = shares[0] > 0 ? shares[0] : shares[2] / Float16Ratio;
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"{golden}: bfloat16 differs by {100 * shares[1]:0.00} %, float32 by {100 * shares[0]:0.000000} %, float16 by {100 * shares[2]:0.0000} %: {shares[1] / roundings / RoundingRatio:0.00} of the roundings' ratio"));
        Assert.InRange(shares[1], 1e-6, 2 * RoundingRatio * roundings);
    }
}
