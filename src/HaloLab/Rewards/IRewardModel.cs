using HaloLab.Videos;
using static TorchSharp.torch;

namespace HaloLab.Rewards;

/// <summary>One network that gives a video reward and a reward for every patch in one pass (DESIGN D4).</summary>
public interface IRewardModel
{
    /// <summary>Scores clips without gradients.</summary>
    /// <param name="frames_BCTHW">RGB frames in [−1, 1], float32.</param>
    /// <param name="tokens_BL">The prompts as ids of the tokenizer that the model was trained with, int64.</param>
    /// <param name="cells">The patches: <see cref="LatentLattice.Edges"/> of a grid on the generator's latents (DESIGN D1), or any others.</param>
    /// <exception cref="InputException">Clips or prompts have a size that the model does not take.</exception>
    ClipRewards Score(Tensor frames_BCTHW, Tensor tokens_BL, LatticeEdges cells);
}
