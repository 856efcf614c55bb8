using HaloLab.Checkpoints;
using HaloLab.Models.CogVideoX;
using HaloLab.Models.Layers;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Models.VideoCrafter2;
using HaloLab.Models.Wan;
using HaloLab.Rewards.VideoScore;
using HaloLab.Tests.Goldens;
using HaloLab.Tests.Models.VideoCrafter2;
using HaloLab.Tests.Optimisation;
using static TorchSharp.torch;

namespace HaloLab.Tests.Models;

/// <summary>
/// Blocks that are computed again give the same predictions and gradients of adapters, bit for bit, and the same gradients of inputs and of all parameters but for the order of sums. With and without, ranks send no gradient
/// before it is final.
/// </summary>
public class RecomputationTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> WanCases() => GoldenCase.Find("wan", "wan_transformer*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> CogVideoXCases() => GoldenCase.Find("cogvideox", "transformer*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> UNetCases() => GoldenCase.Find("videocrafter2", "vc2_unet*", "t2vturbo*_unet*");

    public static IEnumerable<TheoryDataRow<GoldenCase>> VideoScoreCases() => GoldenCase.Find("videoscore", "score_short");

    [Theory]
    [MemberData(nameof(WanCases), DisableDiscoveryEnumeration = true)]
    public void Wan(GoldenCase golden) => Compare(
        () => new WanTransformer(WanConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath)),
        golden,
        "",
        "in.hidden_states",
        (model, latents_BCTHW) => model.call(latents_BCTHW, golden.Tensors["in.timestep"], golden.Tensors["in.encoder_hidden_states"]));

    [Theory]
    [MemberData(nameof(CogVideoXCases), DisableDiscoveryEnumeration = true)]
    public void CogVideoX(GoldenCase golden) => Compare(
        () => new CogVideoXTransformer(CogVideoXConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath)),
        golden,
        "",
        "in.hidden_states",
        (model, latents_BTCHW) => model.call(latents_BTCHW.transpose(1, 2), golden.Tensors["in.timestep"], golden.Tensors["in.encoder_hidden_states"]));

    [Theory]
    [MemberData(nameof(UNetCases), DisableDiscoveryEnumeration = true)]
    public void VideoCrafter2(GoldenCase golden) => Compare(
        () => new UNet3D(OptionsReader.UNet(golden.Json.GetProperty("unet"))),
        golden,
        "model.diffusion_model.",
        "in.x",
        (model, latents_BCTHW) => model.call(latents_BCTHW, golden.Tensors["in.t"], new UNet3DConditioning(golden.Tensors["in.context"])));

    [Theory]
    [MemberData(nameof(VideoScoreCases), DisableDiscoveryEnumeration = true)]
    public void VideoScore(GoldenCase golden) => Compare(
        () => new VideoScoreModel(Qwen2VlConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath)),
        golden,
        "",
        "in.pixel_values_videos",
        (model, patches_NV) => model.Scores(new Qwen2VlInput(
            golden.Tensors["in.input_ids"], golden.Tensors["in.attention_mask"], patches_NV, [.. golden.Tensors["in.video_grid_thw"].data<long>().ToArray().Chunk(3).Select(grid => new Qwen2VlGrid((int)grid[0], (int)grid[1], (int)grid[2]))])));

    /// <summary>Only adapters are trained, and no input of the first block needs a gradient.</summary>
    [Fact]
    public void AdaptersAreTrainedWhereNoInputNeedsAGradient()
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("wan", "wan_transformer").Single().Data);
        using var scope = NewDisposeScope();
        Tensor[][] gradients = [.. new[] { false, true }.Select(recomputes =>
        {
            using WanTransformer model = new(WanConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath)) { Recomputes = recomputes };
            StateLoader.Load(model, golden.Parameters(), golden.JsonPath);
            model.Freeze();
            LoraAdapters adapters = LoraAdapters.Attach(model, name => name.Contains(".attn", StringComparison.Ordinal), 2, 2, 1);
            model.call(golden.Tensors["in.hidden_states"], golden.Tensors["in.timestep"], golden.Tensors["in.encoder_hidden_states"]).square().mean().backward();
            return adapters.Parameters.Select(item => item.Parameter.grad!.clone()).ToArray();
        })];
        Assert.All(gradients[0].Zip(gradients[1]), pair => TensorAssert.Identical(pair.First, pair.Second, "gradient of an adapter"));
    }

    [Fact]
    public void DropoutIsDrawnAgain()
    {
        using var scope = NewDisposeScope();
        using Linear layer = new(16, 16);
        nn.init.normal_(layer.weight);
        Tensor[][] results = [.. new[] { false, true }.Select(recomputes =>
        {
            random.manual_seed(7);
            layer.zero_grad();
            Tensor input = ones(4, 16).requires_grad_();
            Tensor first = Recomputation.Run(recomputes, given => [nn.functional.dropout(layer.call(given[0]), 0.5, training: true)], input)[0];
            Tensor second = Recomputation.Run(recomputes, given => [nn.functional.dropout(layer.call(given[0]), 0.5, training: true)], first)[0];
            second.square().sum().backward();
            return new[] { second.detach().clone(), input.grad!.clone(), layer.weight.grad!.clone(), rand(3) };
        })];
        Assert.All(results[0].Zip(results[1]), pair => TensorAssert.Identical(pair.First, pair.Second));
    }

    [Fact]
    public void StepsLeaveNoTensorsBehind()
    {
        GoldenCase golden = Assert.IsType<GoldenCase>(GoldenCase.Find("wan", "wan_transformer").Single().Data);
        using WanTransformer model = new(WanConfig.FromJson(golden.Json.GetProperty("config"), golden.JsonPath)) { Recomputes = true };
        StateLoader.Load(model, golden.Parameters(), golden.JsonPath);
        Step();
        long before = Tensor.TotalCount;
        for (int i = 0; i < 3; i++)
        {
            Step();
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.InRange(Tensor.TotalCount, 0, before);

        void Step()
        {
            using var scope = NewDisposeScope();
            model.zero_grad();
            model.call(golden.Tensors["in.hidden_states"], golden.Tensors["in.timestep"], golden.Tensors["in.encoder_hidden_states"]).square().mean().backward();
        }
    }

    [Fact]
    public void ANetworkWithoutBlocksIsRefused()
    {
        using Linear layer = new(2, 2);
        Assert.Throws<InputException>(() => Recomputation.SwitchOn(layer));
    }

    private static void Compare<T>(Func<T> build, GoldenCase golden, string prefix, string input, Func<T, Tensor, Tensor> predict)
        where T : nn.Module
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor>[] results = [.. new[] { false, true }.Select(recomputes =>
        {
            using T model = build();
            StateLoader.Load(model, golden.Parameters(), golden.JsonPath, prefix);
            model.train();
            if (recomputes)
            {
                Recomputation.SwitchOn(model);
            }

            Tensor given = golden.Tensors[input].detach().clone().requires_grad_();
            random.manual_seed(1);
            Tensor prediction = predict(model, given);
            prediction.square().mean().backward();
            Dictionary<string, Tensor> result = new() { ["prediction"] = prediction.detach().clone(), ["input"] = given.grad!.clone() };
            foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters().Where(item => item.parameter.grad is not null))
            {
                result[name] = parameter.grad!.clone();
            }

            GradientReducerTests.RequireSentWhenFinal(model, () =>
            {
                random.manual_seed(1);
                predict(model, given).square().mean().backward();
            });
            return result;
        })];
        Assert.Equal(results[0].Keys, results[1].Keys);
        TensorAssert.Identical(results[0]["prediction"], results[1]["prediction"], "prediction");

        // A bias before a norm has no gradient but what rounding leaves.
        Assert.All(results[0], item => TensorAssert.Close(item.Value, results[1][item.Key], 1e-7, 1e-5, item.Key));
    }
}
