using System.Text.Json;
using HaloLab.Checkpoints;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Tests.Goldens;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Tests.Rewards;

public class PatchHeadGoldenTests
{
    public static IEnumerable<TheoryDataRow<GoldenCase>> Goldens() => GoldenCase.Find("patch_head", "head*");

    [Theory]
    [Trait("Category", "Golden")]
    [MemberData(nameof(Goldens), DisableDiscoveryEnumeration = true)]
    public void MatchesTheReference(GoldenCase golden)
    {
        const double Tolerance = 1e-5;
        using var scope = NewDisposeScope();
        JsonElement json = golden.Json;
        int dimensions = json.GetProperty("D").GetInt32();
        int[] grid = [.. json.GetProperty("grid").EnumerateArray().Select(item => item.GetInt32())];
        Tensor hidden_BLC = golden.Tensors["in.hidden"].detach().clone().requires_grad_();
        using PatchHead head = new((int)hidden_BLC.shape[2], dimensions, json.GetProperty("layer_norm_eps").GetDouble());
        StateLoader.Load(head, golden.Parameters(), golden.Name, prefix: "patch_head.");

        List<Tensor> pooled = [];
        Qwen2VlConfig config = Qwen2VlConfig.FromJson(json.GetProperty("config"), golden.JsonPath);
        for (int row = 0; row < hidden_BLC.shape[0]; row++)
        {
            long[] patches = golden.Tensors["in.video_grid_thw"][row].data<long>().ToArray();
            Tensor features_THWC = Qwen2VlViews.Places(hidden_BLC[row], golden.Tensors["in.input_ids"][row], config, new Qwen2VlGrid((int)patches[0], (int)patches[1], (int)patches[2]));
            long[] lattice = features_THWC.shape[..3];
            Assert.Equal([patches[0], patches[1] / 2, patches[2] / 2], lattice);
            Tensor scores_THWD = head.call(features_THWC);
            TensorAssert.Close(golden.Tensors[$"out.scores_{row}"], scores_THWD, Tolerance, what: $"scores {row}");
            LatticePooling pooling = new(LatticeEdges.Uniform((int)lattice[0], (int)lattice[1], (int)lattice[2]), LatticeEdges.Uniform(grid[0], grid[1], grid[2]));
            pooled.Add(pooling.Pool(scores_THWD.permute(3, 0, 1, 2)).permute(1, 2, 3, 0));
        }

        Tensor pooled_BthwD = stack(pooled);
        TensorAssert.Close(golden.Tensors["out.pooled"], pooled_BthwD, Tolerance, what: "pooled");
        Tensor loss = (pooled_BthwD - golden.Tensors["in.target"]).square().mean();
        TensorAssert.Close(golden.Tensors["out.loss"].sum(), loss, Tolerance, what: "loss");
        loss.backward();
        TensorAssert.Close(golden.Tensors["grad.hidden"], hidden_BLC.grad!, Tolerance, what: "gradient of hidden");
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in head.named_parameters())
        {
            TensorAssert.Close(golden.Tensors[$"grad.patch_head.{name}"], parameter.grad!, Tolerance, what: $"gradient of {name}");
        }
    }
}
