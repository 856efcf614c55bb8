using HaloLab.Models.Layers;
using HaloLab.Models.Qwen2Vl;
using HaloLab.Rewards;
using HaloLab.Rewards.Patches;
using HaloLab.Rewards.VideoReward;
using HaloLab.Statistics;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Benchmarks;

/// <summary>What patch rewards cost beside the video rewards of the same backbone: VideoReward with random weights at a fraction of its size, one clip of 256 tokens.</summary>
internal static class PatchHeadCost
{
    private const int TextTokens = 200;

    private static readonly Qwen2VlConfig Config = new()
    {
        VocabSize = 400,
        HiddenSize = 256,
        IntermediateSize = 512,
        NumHiddenLayers = 4,
        NumAttentionHeads = 4,
        NumKeyValueHeads = 2,
        RopeScaling = new Qwen2VlRopeScaling { MropeSection = [8, 12, 12] },
        ImageTokenId = 390,
        VideoTokenId = 391,
        VisionConfig = new Qwen2VlVisionConfig { Depth = 4, EmbedDim = 128, HiddenSize = 256, NumHeads = 2 },
    };

    private static readonly int[] RewardTokens = [392, 393, 394];

    public static bool Run(int rounds)
    {
        using VideoRewardModel model = new(Config, 1);
        using PatchHead head = new(Config.HiddenSize, dimensions: 1);
        Initialisation.Draw(model, 1);
        Initialisation.Draw(head, 1);
        Qwen2VlGrid grid = new(4, 16, 16);
        RandomStream stream = new(1, "benchmark patch head");
        long[] ids =
        [
            .. Enumerable.Repeat((long)Config.VideoTokenId, grid.Tokens(Config.VisionConfig.SpatialMergeSize)),
            .. Enumerable.Range(0, TextTokens).Select(_ => stream.NextInt64(380)),
            .. RewardTokens.Select(token => (long)token),
        ];
        float[] patches = [.. Enumerable.Range(0, grid.Patches * Config.VisionConfig.PatchValues).Select(_ => (float)stream.NextGaussian())];
        using Tensor ids_1L = tensor(ids, [1, ids.Length]);
        using Tensor mask_1L = ones_like(ids_1L);
        using Tensor patches_NV = tensor(patches, [grid.Patches, Config.VisionConfig.PatchValues]);
        Qwen2VlInput input = new(ids_1L, mask_1L, patches_NV, [grid]);
        BackboneView view = Qwen2VlViews.Of(input, [.. Enumerable.Range(0, 8)], clipFrames: 8, Config);
        LatticeEdges cells = LatticeEdges.Uniform(4, 4, 4);
        using var noGradient = no_grad();
        return Paired.Compare("VideoReward: video and 4x4x4 patch rewards / video rewards alone", 1.1, rounds, WithPatches, () => model.Rewards(input, RewardTokens));

        void WithPatches()
        {
            (Tensor states_1LC, Tensor own_1L, Tensor places_thwC) = Qwen2VlViews.States(model, view);
            model.Read(VideoRewardModel.AtRewardTokens(states_1LC, own_1L, RewardTokens));
            new LatticePooling(view.Lattice, cells).Pool(head.call(places_thwC).permute(3, 0, 1, 2));
        }
    }
}
