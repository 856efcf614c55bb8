using HaloLab.Models.Qwen2Vl;
using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards.Patches;

/// <summary>What the backbones on Qwen2-VL have in common: prompts with one video each, and the states at the video's tokens.</summary>
internal static class Qwen2VlViews
{
    private const string Ids = "ids";
    private const string Patches = "patches";
    private const string Grid = "grid";

    /// <summary>The layers of the decoder, where published adapters sit too.</summary>
    public static bool IsAdapted(string layer) => layer.StartsWith("model.layers.", StringComparison.Ordinal);

    /// <summary>The view of a clip. A frame that was not chosen belongs to the nearest one that was (DESIGN D1).</summary>
    /// <param name="input">One clip.</param>
    /// <param name="frames">Which of its frames are shown.</param>
    /// <param name="clipFrames">How many it has.</param>
    /// <param name="config">The model's sizes.</param>
    public static BackboneView Of(Qwen2VlInput input, IReadOnlyList<int> frames, int clipFrames, Qwen2VlConfig config)
    {
        Qwen2VlGrid grid = input.Videos[0];
        (int merge, int pair) = (config.VisionConfig.SpatialMergeSize, config.VisionConfig.TemporalPatchSize);
        Dictionary<string, Tensor> tensors = new()
        {
            [Ids] = input.Ids_BL,
            [Patches] = input.Patches_NV,
            [Grid] = tensor(new long[] { grid.Time, grid.Height, grid.Width }),
        };
        return new BackboneView(tensors, LatticeEdges.Sampled(frames, clipFrames, pair, grid.Height / merge, grid.Width / merge));
    }

    /// <summary>One pass: the states of the prompt after the final norm, and those at the video's tokens by place.</summary>
    public static (Tensor States_1LC, Tensor Ids_1L, Tensor Places_thwC) States(Qwen2VlModel model, BackboneView view)
    {
        long[] size = view.Tensors[Grid].data<long>().ToArray();
        Tensor ids_1L = view.Tensors[Ids];
        Qwen2VlInput input = new Qwen2VlInput(ids_1L, ones_like(ids_1L), view.Tensors[Patches], [new Qwen2VlGrid((int)size[0], (int)size[1], (int)size[2])]).To(Compute.Device);
        Tensor states_1LC = model.States(input).to(ScalarType.Float32);
        return (states_1LC, input.Ids_BL, Places(states_1LC[0], input.Ids_BL[0], model.Config, input.Videos[0]));
    }

    /// <summary>The states at the video's tokens, in token order: time outermost, then rows, then columns.</summary>
    public static Tensor Places(Tensor states_LC, Tensor ids_L, Qwen2VlConfig config, Qwen2VlGrid grid)
    {
        int merge = config.VisionConfig.SpatialMergeSize;
        return states_LC[ids_L.eq(config.VideoTokenId)].view(grid.Time, grid.Height / merge, grid.Width / merge, -1);
    }
}
