using HaloLab.Models.Layers;
using HaloLab.Models.Qwen2Vl;
using static TorchSharp.torch;

namespace HaloLab.Rewards.VideoScore;

/// <summary>
/// VideoScore on Qwen2-VL (He et al. 2024, arXiv 2406.15252): a linear head on the state at the last token of the prompt gives five scores, trained on
/// grades from 1 to 4.
/// </summary>
public sealed class VideoScoreModel : Qwen2VlModel
{
    /// <param name="config">Sizes.</param>
    public VideoScoreModel(Qwen2VlConfig config)
        : base((config ?? throw new ArgumentNullException(nameof(config))) with { TieWordEmbeddings = true })
    {
        Head = new(config.HiddenSize, Dimensions.Count) { StaysFloat32 = true };
        register_module("score", Head);
    }

    /// <summary>What the scores are called, in the model's order.</summary>
    public static IReadOnlyList<string> Dimensions { get; } = ["visual quality", "temporal consistency", "dynamic degree", "text-to-video alignment", "factual consistency"];

    /// <summary>Five scores of a state: <c>score</c>.</summary>
    public Linear Head { get; }

    /// <summary>The scores of a batch of videos.</summary>
    /// <param name="input">The videos with their instructions; rows may be padded at either side with the configuration's pad token, which occurs nowhere else.</param>
    /// <returns>[B, 5], about 1 to 4.</returns>
    public Tensor Scores(Qwen2VlInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        return Head.call(AtLastToken(States(input), input.Ids_BL)).MoveToOuterDisposeScope();
    }

    /// <summary>The state at the last token that is no padding.</summary>
    internal Tensor AtLastToken(Tensor states_BLC, Tensor ids_BL)
    {
        using var scope = NewDisposeScope();
        long length = ids_BL.shape[1];

        // Tokens before the first padding; where rows are padded at the left there are none, and the last place is meant.
        Tensor before_B = Config.PadTokenId is int padding
            ? ids_BL.eq(padding).to(ScalarType.Int64).cumsum(1).eq(0).sum([1])
            : full([ids_BL.shape[0]], length, ScalarType.Int64, ids_BL.device);
        Tensor last_B = (before_B - 1).remainder(length);
        return states_BLC[arange(ids_BL.shape[0], device: ids_BL.device), last_B].MoveToOuterDisposeScope();
    }
}
